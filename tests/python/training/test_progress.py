import io

from rich.console import Console

from pytrain.training.progress import PlainDisplay, TerminalDisplay

ROW = {"loss": 0.5, "accuracy": 0.75, "val_loss": 0.4, "val_accuracy": 0.8125, "seconds": 1.5}


def shown_by(display_class, **console):
    out = io.StringIO()
    with display_class(Console(file=out, width=80, _environ={}, **console)) as display:
        display.preparing("shapes", 1, 2)
        display.preparing("shapes", 2, 2)
        display.step(1, 2, 1, 4, 0.5, 0.75)
        display.epoch(1, 2, ROW)
        display.step(2, 2, 4, 4, 0.25, 0.9)
        display.say("done [with] it")
    return out.getvalue()


def test_log_gets_one_line_an_epoch_and_no_colour_codes():
    lines = shown_by(PlainDisplay).splitlines()
    assert lines[:2] == ["shapes: 50 %", "shapes: 2 pictures prepared"]
    assert lines[2].startswith("epoch   1/2  loss 0.5000  accuracy 75.00%  validation loss 0.4000")
    assert lines[3] == "done [with] it"
    assert "\x1b" not in "".join(lines)


def test_log_tells_the_time_left_where_that_is_worth_a_word(monkeypatch):
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr("pytrain.training.progress.time.monotonic", lambda: now[0])
    shown = PlainDisplay(Console(file=out, width=80))
    for _ in range(2):
        for done in (0, 1, 6, 10):
            now[0] += 30 * 60
            shown.preparing("embedding", done, 10)
    shown.epoch(1, 5, ROW | {"seconds": 40.0})
    shown.epoch(4, 5, ROW)
    lines = out.getvalue().splitlines()
    assert (
        lines[:6]
        == [
            "embedding: 10 %, 4 h 30 min left",
            "embedding: 60 %, 40 min left",
            "embedding: 10 pictures prepared",
        ]
        * 2
    )
    assert lines[6].endswith("40.0 s, at most 2 min left")
    assert lines[7].endswith("1.5 s")


def test_terminal_shows_loss_accuracy_and_time_left():
    text = shown_by(TerminalDisplay, force_terminal=True)
    for piece in (
        "2/2  loss 0.250  accuracy 90.0%  val 81.2%",
        "shapes 2/2",
        "left",
        "done [with] it",
    ):
        assert piece in text
