"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import durations


@given(st.timedeltas(min_value=timedelta(), max_value=durations.LONGEST))
def test_what_is_written_reads_back_to_the_second(duration: timedelta) -> None:
    whole = timedelta(seconds=int(duration.total_seconds()))

    assert durations.read(durations.write(duration)) == whole


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h 30m", 5400), ("1H30M", 5400), ("2w", 1_209_600), ("0", 0)]
)
def test_people_write_units_in_any_order_and_case(text: str, seconds: int) -> None:
    assert durations.read(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 minutes", "-5m", "1.5h", "٥m", "m"])
def test_what_is_no_duration_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="for example 30s, 5m"):
        durations.read(text)


@pytest.mark.parametrize("text", ["367d", "53w", "366d 1s", "999999999w", "999999999d"])
def test_what_nobody_can_mean_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 366 days"):
        durations.read(text)
