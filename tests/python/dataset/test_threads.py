"""Small files are read one after another, large ones in threads; what comes out is the same."""

from __future__ import annotations

import threading

import pytest

from pytrain.dataset import threads
from pytrain.dataset.threads import CHUNK, TRIAL, in_threads

ITEMS = range(2 * CHUNK + 100)


def by_whom(item: int) -> tuple[int, int]:
    return item, threading.get_ident()


@pytest.mark.parametrize("quick", [0, 3600])
def test_results_come_in_order_and_progress_is_told(quick: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "QUICK", quick)
    told: list[int] = []
    assert list(in_threads(lambda item: item * item, ITEMS, told.append)) == [item * item for item in ITEMS]
    assert told == [CHUNK, 2 * CHUNK, len(ITEMS)]
    assert list(in_threads(by_whom, [])) == []


def test_quick_items_stay_where_they_are_and_slow_ones_go_to_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    here = threading.get_ident()
    monkeypatch.setattr(threads, "QUICK", 3600)
    assert {who for _, who in in_threads(by_whom, ITEMS)} == {here}
    monkeypatch.setattr(threads, "QUICK", 0)
    helped = [item for item, who in in_threads(by_whom, ITEMS) if who != here]
    assert helped == [item for item in ITEMS if item % CHUNK >= TRIAL]


def test_items_that_turn_out_slow_go_to_threads_from_there_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "QUICK", 3600)
    first_slow = TRIAL + threads.HANDFUL

    def work(item: int) -> tuple[int, int]:
        if item == first_slow:
            monkeypatch.setattr(threads, "QUICK", 0)
        return by_whom(item)

    found = list(in_threads(work, range(CHUNK)))
    helped = [item for item, who in found if who != threading.get_ident()]
    assert helped == list(range(first_slow + threads.HANDFUL, CHUNK))


def test_an_error_ends_it_at_its_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "QUICK", 0)
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda item: 1 // (item - 700), ITEMS))
