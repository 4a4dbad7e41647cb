"""Moments, spans and foreign text in Markdown."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from postmortems.wording import moment, plain, span, table, zone_named


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "2026-07-25 03:14:07 CEST (01:14:07 UTC)"),
        ("America/New_York", "2026-07-24 21:14:07 EDT (2026-07-25 01:14:07 UTC)"),
        ("UTC", "2026-07-25 01:14:07 UTC"),
        ("Mars/Olympus", "2026-07-25 01:14:07 UTC"),
    ],
)
def test_a_moment_is_shown_in_local_time_with_utc(zone: str, text: str) -> None:
    assert moment(datetime(2026, 7, 25, 1, 14, 7, tzinfo=UTC), zone_named(zone)) == text


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = moment(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), berlin)
    second = moment(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), berlin)

    assert first == "2026-10-25 02:30:00 CEST (00:30:00 UTC)"
    assert second == "2026-10-25 02:30:00 CET (01:30:00 UTC)"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(seconds=65), "1 min 5 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, minutes=5), "1 d"),
        (timedelta(milliseconds=300), "0 s"),
        (timedelta(seconds=-4), "0 s"),
    ],
)
def test_a_span_is_told_by_its_two_largest_units(duration: timedelta, text: str) -> None:
    assert span(duration) == text


@example("__0__")
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_foreign_text_stays_one_cell_and_is_not_taken_for_markdown(text: str) -> None:
    rendered = MarkdownIt("commonmark").enable("table").render(table(("a", "b"), [(plain(text), "x")]))

    assert rendered.count("<td>") == 2
    assert not any(f"<{tag}" in rendered for tag in ("em", "strong", "code", "a ", "img"))
