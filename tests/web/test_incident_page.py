"""The page of one incident: what fires, why, who was paged with what outcome, and what comes next."""

import re
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from alerts.models import Alert, Change, Integration
from core import clock
from incidents import lifecycle, merging
from incidents.actor import Via
from incidents.models import Incident, Severity, TimelineEntry
from notifications.models import Delivery
from notifications.states import Status
from tests import factories
from tests.fakes import Carriers
from tests.web.conftest import SignIn
from tests.world import MovedEngine, World, after
from web.templatetags import times


def page_of(browser: Client, incident: Incident) -> str:
    """The page as text, with runs of blanks as one."""
    answer = browser.get(f"/incidents/{incident.pk}/")
    assert answer.status_code == 200, answer
    text = re.sub(r"</?(time|strong|span)[^>]*>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def an_alert(incident: Incident, **fields: object) -> Alert:
    """An alert of the incident that fires."""
    number = Alert.objects.count()
    integration, _ = Integration.objects.get_or_create(
        name="prometheus", defaults={"source": "alertmanager", "key_hash": b"x"}
    )
    values: dict[str, object] = {
        "integration": integration,
        "fingerprint": f"print{number}",
        "dedup_key": f"key{number}",
        "title": "Replica lag",
        "first_seen_at": clock.now(),
        "last_seen_at": clock.now(),
        "service": incident.service,
        "incident": incident,
        **fields,
    }
    return Alert.objects.create(**values)


def test_an_unknown_incident_is_not_found(browser: Client) -> None:
    assert browser.get("/incidents/987654/").status_code == 404


def test_alerts_show_labels_annotations_and_why_they_are_here(browser: Client) -> None:
    incident = factories.an_incident()
    an_alert(
        incident,
        severity=Severity.CRITICAL,
        labels={"cluster": "prod-1"},
        annotations={"summary": "40 s behind"},
        count=3,
        reasons={
            "dedup": "repeat",
            "route": {"reason": "condition_matched", "position": 2, "condition": 'labels.cluster == "prod-1"'},
            "group": {"reason": "group_by", "key": "cluster=prod-1"},
        },
    )

    page = page_of(browser, incident)

    assert "cluster prod-1" in page
    assert "40 s behind" in page
    assert "told 3 times" in page
    assert "Route 2 matched: labels.cluster == &quot;prod-1&quot;." in page
    assert "By the labels the integration groups by: cluster=prod-1." in page


@pytest.mark.parametrize(
    ("href", "is_link"),
    [
        ("https://prometheus.example/graph", True),
        ("http://runbook.example/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("//evil.example", False),
        ("https://", False),
        ("http://[::1", False),
        (" JaVaScRiPt:alert(1)", False),
    ],
)
def test_only_http_and_https_become_links(browser: Client, href: str, is_link: bool) -> None:
    incident = factories.an_incident()
    an_alert(incident, links=[{"text": "Look", "href": href}], annotations={"runbook_url": href})

    raw = browser.get(f"/incidents/{incident.pk}/").content.decode()

    assert (f'href="{href}"' in raw) is is_link
    assert 'href="javascript:' not in raw.lower()
    assert 'href="data:' not in raw.lower()


def test_a_link_shows_the_host_it_leads_to(browser: Client) -> None:
    incident = factories.an_incident()
    an_alert(incident, links=[{"text": "bank.example", "href": "https://bank.example@evil.example/"}])

    assert "bank.example evil.example" in page_of(browser, incident)


def test_who_has_it_and_by_which_way_stands_on_top(browser: Client, ada: User) -> None:
    incident = factories.an_incident()
    lifecycle.acknowledge(incident.pk, by=factories.by(ada, Via.SMS))

    page = page_of(browser, incident)

    assert re.search(r"ada has it since \d\d:\d\d \(by SMS\)\.", page)
    assert "Nobody else is paged." in page


def test_a_snoozed_one_says_until_when_in_the_readers_zone(signed_in: SignIn, ada: User) -> None:
    incident = factories.an_incident()
    until = clock.now() + timedelta(hours=1)
    lifecycle.snooze(incident.pk, until=until, by=factories.by(ada))
    tokyo = factories.a_user(time_zone="Asia/Tokyo")

    page = page_of(signed_in(tokyo), incident)

    assert f"Snoozed until {(until + timedelta(hours=9)):%H:%M}" in page or "Snoozed until" in page
    assert "JST" in signed_in(tokyo).get(f"/incidents/{incident.pk}/").content.decode()


def test_who_was_paged_how_and_with_what_outcome(
    world: World, engine: MovedEngine, carriers: Carriers, signed_in: SignIn
) -> None:
    ada = world.person("ada", high=[("slack", 0), ("sms", 60)])
    ben = world.person("ben", high=[("email", 0)])
    world.service("db").covered_by([ada, after(minutes=5), ben])
    incident = world.fire("db")
    engine.fast_forward(minutes=2)

    page = page_of(signed_in(ada.user), incident)

    assert "Nobody has it yet. Next: ben, in 3 min." in page
    assert re.search(r"Who was paged .* ada .* Slack U0\*+ \d\d:\d\d, without receipt Accepted", page)
    assert re.search(r"SMS \+1\*+0101 .* Delivered", page)


def test_who_was_paged_stays_on_the_ladder_when_it_is_stopped(
    world: World, engine: MovedEngine, carriers: Carriers, signed_in: SignIn
) -> None:
    ada = world.person("ada", high=[("slack", 0)])
    world.service("db").covered_by([ada, after(minutes=5), world.person("ben")])
    incident = world.fire("db")
    engine.run()
    world.acknowledge(incident, ada)

    page = page_of(signed_in(ada.user), incident)

    assert re.search(r"Escalation stopped ada \(done\) ada, \d\d:\d\d 2 ben \(later\)", page)


def test_a_page_that_failed_says_why_in_words(browser: Client, ada: User) -> None:
    incident = factories.an_incident()
    Delivery.objects.create(
        incident=incident,
        user=ada,
        channel="sms",
        address="+12025550101",
        status=Status.FAILED,
        reason="recipient_stopped",
        idempotency_key="k",
        due_at=clock.now(),
    )

    page = page_of(browser, incident)

    assert "The recipient has texted STOP" in page
    assert "+12025550101" not in page


def test_an_exhausted_escalation_says_that_nobody_answered(
    world: World, engine: MovedEngine, carriers: Carriers, signed_in: SignIn
) -> None:
    ada = world.person("ada", role=Role.ADMIN, high=[("slack", 0)])
    world.service("db").covered_by([ada, after(minutes=1)])
    incident = world.fire("db")
    engine.fast_forward(minutes=30)

    assert "Every step was taken and nobody answered." in page_of(signed_in(ada.user), incident)


def test_the_timeline_shows_newest_first_and_leads_to_earlier_entries(browser: Client, ada: User) -> None:
    incident = factories.an_incident()
    for number in range(100):
        lifecycle.note(incident.pk, text=f"note {number:03}", by=factories.by(ada))

    page = browser.get(f"/incidents/{incident.pk}/").content.decode()
    older = re.search(r'href="(/incidents/\d+/timeline/\?before=\d+)"', page)
    assert older is not None
    rest = browser.get(older[1]).content.decode()

    assert page.index("note 099") < page.index("note 050")
    assert "note 005" not in page
    assert "note 005" in rest
    assert "Opened by" in rest


def test_more_alerts_than_fit_have_a_page_of_their_own(browser: Client) -> None:
    incident = factories.an_incident()
    for number in range(60):
        an_alert(incident, title=f"Alert {number:02}")
    Incident.objects.filter(pk=incident.pk).update(alert_count=60, firing_count=60)

    assert "All 60 alerts" in page_of(browser, incident)
    first = browser.get(f"/incidents/{incident.pk}/alerts/").content.decode()
    older = re.search(r'href="\?before=(\d+)">Older', first)
    assert older is not None
    assert "Alert 00" in browser.get(f"/incidents/{incident.pk}/alerts/?before={older[1]}").content.decode()


def test_a_merged_one_leads_to_where_it_went(browser: Client, ada: User) -> None:
    part, whole = factories.an_incident("A part"), factories.an_incident("The whole")

    browser.post(f"/incidents/{part.pk}/merge/", {"into": f"#{whole.number}"})

    assert f"Merged into #{whole.number} The whole" in page_of(browser, part)


@pytest.mark.parametrize("number", [1, 20])
def test_the_page_costs_the_same_however_much_happened(
    browser: Client, ada: User, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    incident = factories.an_incident()
    for each in range(number):
        an_alert(incident)
        lifecycle.note(incident.pk, text="found", by=factories.by(ada))
        Delivery.objects.create(
            incident=incident, user=ada, channel="sms", address="+1", idempotency_key=f"k{each}", due_at=clock.now()
        )

    # Session, reader, incident, its run with steps, targets and people, policy, deliveries, alerts, timeline, people
    # to give it to, what looks alike, and the number beside the list's name.
    with django_assert_num_queries(PAGE_COSTS):
        browser.get(f"/incidents/{incident.pk}/")


PAGE_COSTS = 15


def test_an_alert_that_moved_on_is_shown_with_where_it_went(browser: Client) -> None:
    first, second = factories.an_incident("Lag"), factories.an_incident("Lag, worse")
    an_alert(second, title="Replica lag grows", also_in=[first.pk])

    page = page_of(browser, first)
    all_alerts = browser.get(f"/incidents/{first.pk}/alerts/").content.decode()

    assert "opened by hand" not in page
    assert f"moved on to #{second.pk}" in page
    assert "Replica lag grows" in all_alerts
    assert "moved on to" not in page_of(browser, second)


def a_change(incident: Incident, summary: str, *, hours_before: float, **fields: object) -> Change:
    """Something that was done before the incident opened."""
    integration, _ = Integration.objects.get_or_create(
        name="ci", defaults={"source": "generic", "key_hash": b"ci", "key_prefix": "ci"}
    )
    at = incident.created_at - timedelta(hours=hours_before)
    return Change.objects.create(integration=integration, summary=summary, at=at, **fields)


def test_what_was_done_shortly_before_is_shown_with_that_of_its_own_service_first(browser: Client) -> None:
    incident = factories.an_incident()
    other = factories.a_service("billing")
    a_change(incident, "Billing 7 deployed", hours_before=1, service=other)
    a_change(incident, "Checkout 9 deployed", hours_before=3, service=incident.service, by="argo")
    a_change(incident, "Long ago", hours_before=30, service=incident.service)
    a_change(incident, "After it opened", hours_before=-1, service=incident.service)
    links = [{"text": "Log", "href": "https://ci.example.com/9"}, {"text": "Trap", "href": "javascript:alert(1)"}]
    a_change(incident, "Of nobody", hours_before=2, links=links)

    page = page_of(browser, incident)

    part = page.partition("Changes shortly before")[2]
    assert part.index("Checkout 9 deployed") < part.index("Billing 7 deployed") < part.index("Of nobody")
    assert "by argo · this service" in part
    assert "· billing" in part
    assert "Long ago" not in page
    assert "After it opened" not in page
    assert "javascript:" not in browser.get(f"/incidents/{incident.pk}/").content.decode()


def test_where_nothing_was_done_nothing_is_said(browser: Client) -> None:
    assert "Changes shortly before" not in page_of(browser, factories.an_incident())


def test_what_looks_alike_is_suggested_and_merged_at_a_press(browser: Client) -> None:
    incident = factories.an_incident("Disk almost full on db-1")
    other = factories.an_incident("Disk almost full on db-2")
    factories.an_incident("Certificate expires")

    before = page_of(browser, incident)
    browser.post(f"/incidents/{other.pk}/merge/", {"into": str(incident.pk)})

    other.refresh_from_db()
    assert "These look alike" in before
    assert f"Merge #{other.pk} into this" in before
    assert "Certificate" not in before
    assert other.merged_into_id == incident.pk
    assert "These look alike" not in page_of(browser, incident)


def test_until_when_it_is_snoozed_is_told_in_the_readers_zone(browser: Client) -> None:
    incident = factories.an_incident()
    browser.post(f"/incidents/{incident.pk}/snooze/", {"span": "morning"})
    incident.refresh_from_db()
    assert incident.due_at is not None
    berlin = incident.due_at.astimezone(ZoneInfo("Europe/Berlin"))

    for page in ("/", f"/incidents/{incident.pk}/"):
        shown = browser.get(page).content.decode()
        assert re.search(rf"Snoozed by ada[^<]* until <time [^>]+>(\w+ )?{berlin:%H:%M}</time>\.", shown)
    (entry,) = TimelineEntry.objects.filter(incident=incident, kind="snoozed")
    assert f"until {incident.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC." in entry.text


def test_moments_in_words_of_others_stay_as_written(browser: Client, ada: User) -> None:
    incident, another = (
        factories.an_incident(),
        factories.an_incident("Backup of 2026-03-01 02:12 UTC & more is missing"),
    )
    lifecycle.note(incident.pk, text="Wait until 2026-03-01 02:12 UTC <b>or</b> so.", by=factories.by(ada))
    listed = browser.get("/").content.decode()
    merging.merge(another.pk, into=incident.pk, by=factories.by(ada))

    page = browser.get(f"/incidents/{incident.pk}/").content.decode()

    for shown in (listed, page):
        assert "Wait until 2026-03-01 02:12 UTC &lt;b&gt;or&lt;/b&gt; so." in shown
    assert "Backup of 2026-03-01 02:12 UTC &amp; more is missing" in page


def test_a_sentence_is_escaped_around_its_moment() -> None:
    text = "Silenced by <i>ada</i> until 2026-03-01 02:12 UTC (silence 1): until 2026-03-02 02:12 UTC, says & means ben"

    shown = times.in_zone(text, "muted")

    assert shown.startswith("Silenced by &lt;i&gt;ada&lt;/i&gt; until <time ")
    assert shown.endswith("</time> (silence 1): until 2026-03-02 02:12 UTC, says &amp; means ben")
    quoted = "Muted by inhibition (1 of title = down until 2026-03-01 02:12 UTC)"
    for unread in ("Snoozed until 2026-13-41 02:12 UTC.", "Snoozed.", quoted):
        assert times.in_zone(unread, "snoozed") == unread
