"""With several workers the long tests go first, so that short ones fill the gaps. A plugin (`-p tests.ordering`).

Files go to workers whole (`--dist loadfile --no-loadscope-reorder`), as some share a running installation. (Groups by
pytest-xdist's own mark would be finer, but 3.8 does not get them across with pytest 9.2.)
"""

import os

import pytest

_LONG = ("chaos", "stack", "browser")


@pytest.hookimpl(tryfirst=True, optionalhook=True)  # before pytest-xdist's own, which counts cores
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores, as much of a run is waiting for processes to start and for limits to pass."""
    return len(os.sched_getaffinity(0)) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stable, so that every worker sees the same order."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    rank = {path: _rank([item for item in items if item.path == path]) for path in {item.path for item in items}}
    items.sort(key=lambda item: rank[item.path])


def _rank(items: list[pytest.Item]) -> int:
    marks = {mark.name for item in items for mark in item.iter_markers()}
    return next((place for place, name in enumerate(_LONG) if name in marks), len(_LONG))
