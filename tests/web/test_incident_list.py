"""The list of incidents: what stands where, what narrows it, what it costs."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from core import clock
from incidents import lifecycle
from tests import factories
from tests.web.conftest import SignIn
from web import reading


def titles(page: str) -> list[str]:
    """The titles of the listed incidents, from top to bottom."""
    return re.findall(r'id="incident-link-\d+"[^>]*>([^<]+)<', page)


def shown(browser: Client, address: str = "/") -> str:
    """A page as text."""
    answer = browser.get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_what_nobody_has_stands_first(browser: Client, ada: User) -> None:
    older = factories.an_incident("Older, nobody has it")
    taken = factories.an_incident("Newer, taken")
    lifecycle.acknowledge(taken.pk, by=factories.by(ada))

    page = shown(browser)

    assert titles(page) == [older.title, taken.title]
    assert page.index("Nobody has these yet") < page.index(older.title) < page.index("Somebody has these")


def test_in_a_storm_those_that_wait_longest_are_one_tap_away(browser: Client) -> None:
    first = factories.an_incident("Waits longest")
    for _ in range(reading.PAGE):
        factories.an_incident()

    page = shown(browser)
    link = re.search(r'href="([^"]+)">1 more, waiting longer<', page)

    assert first.title not in titles(page)
    assert link is not None
    assert titles(shown(browser, "/" + html.unescape(link[1]))) == [first.title]


def test_resolved_ones_are_shown_only_where_asked_for(browser: Client, ada: User) -> None:
    over = factories.an_incident("Over")
    lifecycle.resolve(over.pk, by=factories.by(ada))

    assert titles(shown(browser)) == []
    assert titles(shown(browser, "/?status=resolved")) == ["Over"]


def test_an_empty_list_says_that_all_is_quiet(browser: Client) -> None:
    assert "All quiet" in shown(browser)


def test_a_filter_without_a_find_offers_to_clear_it(browser: Client) -> None:
    factories.an_incident()

    page = shown(browser, "/?q=nothing-like-this")

    assert "Nothing matches" in page
    assert "Clear the filters" in page


@pytest.mark.parametrize("query", ["service=checkout", "team=payments", "q=slow", "q=%23{pk}"])
def test_filters_narrow_the_list(browser: Client, query: str) -> None:
    team = factories.a_team("payments")
    wanted = factories.an_incident("Card form is slow", service=factories.a_service("checkout", team=team))
    factories.an_incident("Something else")

    assert titles(shown(browser, "/?" + query.format(pk=wanted.pk))) == ["Card form is slow"]


def test_mine_are_those_of_my_teams_and_those_i_have(signed_in: SignIn, ada: User) -> None:
    service = factories.a_service(team=factories.a_team(members=[ada]))
    factories.an_incident("Of my team", service=service)
    taken = factories.an_incident("Mine by acknowledging")
    factories.an_incident("Of others")
    lifecycle.acknowledge(taken.pk, by=factories.by(ada))

    assert set(titles(shown(signed_in(ada), "/?mine=1"))) == {"Of my team", "Mine by acknowledging"}


def test_counts_follow_the_filters(browser: Client, ada: User) -> None:
    service = factories.a_service("checkout")
    for _ in range(2):
        factories.an_incident(service=service)
    taken = factories.an_incident(service=service)
    lifecycle.acknowledge(taken.pk, by=factories.by(ada))
    factories.an_incident("Elsewhere")

    page = shown(browser, "/?service=checkout")

    assert re.search(r'Open <span class="count">3<', page)
    assert re.search(r'Triggered <span class="count" data-loud>2<', page)
    assert re.search(r'Acknowledged <span class="count">1<', page)


def test_every_incident_is_on_exactly_one_page(browser: Client, ada: User) -> None:
    service = factories.a_service()
    made = [factories.an_incident(f"Number {number}", service=service) for number in range(90)]
    for incident in made:
        lifecycle.resolve(incident.pk, by=factories.by(ada))

    seen, address = [], "/?status=resolved"
    while address:
        page = shown(browser, address)
        seen += titles(page)
        older = re.search(r'href="(\?[^"]*before=\d+[^"]*)">Older', page)
        address = "/" + older[1].replace("&amp;", "&") if older else ""

    assert seen == [incident.title for incident in reversed(made)]


def test_a_broken_page_address_is_answered_with_a_sentence(browser: Client) -> None:
    assert browser.get("/?before=12x").status_code == 400
    assert browser.get("/?before=" + "9" * 40).status_code == 400
    assert browser.get("/?status=sideways").status_code == 400


def test_text_from_outside_is_shown_as_text(browser: Client) -> None:
    factories.an_incident("<script>window.__xss=1</script>")

    page = shown(browser)

    assert "<script>window" not in page
    assert "&lt;script&gt;window" in page


def test_times_are_told_from_the_readers_moment(browser: Client) -> None:
    factories.an_incident()
    clock.move(timedelta(minutes=12))

    assert re.search(r"<time datetime=[^>]+ title=[^>]+CES?T[^>]+>12 min ago</time>", shown(browser))


@pytest.mark.parametrize("number", [1, 30])
def test_the_list_costs_the_same_however_long_it_is(
    browser: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for _ in range(number):
        factories.an_incident()

    # Session, reader, counts, waiting, taken, services, teams, and the number beside the list's name.
    with django_assert_num_queries(10):
        shown(browser)


def test_whoever_may_only_look_finds_no_button(signed_in: SignIn, viewer: User) -> None:
    factories.an_incident()

    page = shown(signed_in(viewer))

    assert "Open an incident" not in page
    assert "/acknowledge/" not in page
