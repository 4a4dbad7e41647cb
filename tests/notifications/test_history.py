"""Years of pages to one address cost a new one nothing: what is asked about them is bounded in time, with an index."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from incidents import lifecycle
from notifications import claiming, sms_replies
from notifications.models import Delivery
from notifications.states import Status
from tests.factories import an_incident, by
from tests.fakes import Carriers
from tests.notifications.conftest import Someone
from web import problems

_LONG_AGO = timedelta(days=40)
_PAGES = 4000


def plans_of(queries: CaptureQueriesContext, about: str) -> list[str]:
    """How PostgreSQL goes about those of the queries that mention this."""
    found = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            if query["sql"].lstrip().lower().startswith("select") and about in query["sql"]:
                cursor.execute("explain " + query["sql"].replace("%", "%%"))
                found.append("\n".join(line for (line,) in cursor.fetchall()))
    return found


def years_of_pages(ada: Someone, status: Status) -> None:
    at = clock.now() - _LONG_AGO
    incident = an_incident("Long ago")
    Delivery.objects.bulk_create(
        Delivery(
            incident=incident,
            user=ada.user,
            channel="sms",
            address=ada.address_for("sms"),
            status=status,
            attempts=1,
            due_at=at,
            created_at=at,
            tried_at=at - timedelta(minutes=number),
            sent_at=at,
            idempotency_key=f"old-{number}",
        )
        for number in range(_PAGES)
    )
    lifecycle.resolve(incident.pk, by=by(ada.user))
    with connection.cursor() as cursor:
        cursor.execute("analyze notifications_delivery")


def test_a_page_asks_for_recent_ones_to_its_address_only(phones: Carriers, ada: Someone) -> None:
    ada.wants((0, "sms"))
    years_of_pages(ada, Status.DELIVERED)
    ada.is_paged(an_incident("Now"))

    with CaptureQueriesContext(connection) as queries:
        claiming.claim("sms", at_most=5)

    plans = plans_of(queries, about='"tried_at" >')
    assert len(plans) == 3  # what has just gone there, the limits, and whether others wait
    assert all("delivery_page_to_address" in plan for plan in plans), plans


def test_a_reply_finds_its_page_without_reading_all_of_them(phones: Carriers, ada: Someone) -> None:
    years_of_pages(ada, Status.DELIVERED)

    with CaptureQueriesContext(connection) as queries:
        sms_replies.answer_to(ada.address_for("sms"), "1")

    plans = plans_of(queries, about='ORDER BY "notifications_delivery"."tried_at" DESC')
    assert plans
    assert all("delivery_page_to_address" in plan for plan in plans), plans


def test_failures_of_long_ago_are_not_counted_one_by_one(phones: Carriers, ada: Someone) -> None:
    years_of_pages(ada, Status.FAILED)

    with CaptureQueriesContext(connection) as queries:
        found = problems.counts()

    assert found["failed_deliveries"] == 0
    (plan,) = plans_of(queries, about='"notifications_delivery"."created_at" >')
    assert "delivery_in_trouble" in plan
