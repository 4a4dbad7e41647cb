"""Fixtures for every test. The clock of this process is put back after each."""

from collections.abc import Iterator

import pytest

from core import clock


@pytest.fixture(autouse=True)
def _clock_is_put_back() -> Iterator[None]:
    yield
    clock.unmove()
