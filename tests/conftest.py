"""The order of the tests: what takes longest begins first, so that no process is left with it at the end.

And how often a browser may be too slow.
"""

from __future__ import annotations

import pytest

LONGEST = (
    "test_teach.py",
    "test_pipeline.py",
    "test_studio_story.py",
    "test_sketches.py",
    "test_course_docs.py",
    "test_train_folder.py",
    "test_notebooks.py",
    "test_studio_train.py",
    "test_referee.py",
    "test_layer_parity.py",
    "test_network_parity.py",
    "test_take_away.py",
    "test_play.py",
    "test_segmentation.py",
    "test_trained_model.py",
    "test_strategy.py",
    "test_wheel.py",
)
"""Files of the tests that take more than a minute on two processors."""

RANKS = {name: rank for rank, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: RANKS.get(item.path.name, len(RANKS)))
    for item in items:
        if item.path.parent.name == "e2e":
            # Once a browser may be too slow on a busy machine; the last line counts such. Twice is a fault.
            item.add_marker(pytest.mark.flaky(reruns=1))
