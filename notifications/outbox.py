"""Puts messages into the outbox and takes them back. Rows only, no I/O: the lane `deliveries` sends them."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Case, F, Q, Value, When

from accounts.models import User
from core import clock, jobs
from incidents.models import Incident
from notifications import channel, rules
from notifications.hooks import Page
from notifications.models import ContactMethod, Delivery, Kind, NotificationRule
from notifications.states import Status

LANE = "deliveries"
UNSENT = (Status.QUEUED, Status.UNKNOWN)


def page(incident: Incident, user: User, *, page: Page | None, urgency: str, by_reason: str = "") -> list[Delivery]:
    """Expand this person's rules into deliveries, now. Idempotent per step of a run; without one each call pages anew.

    Never empty. Where all that is returned has failed, she cannot be reached and the caller must act at once: no
    `unreached` is announced for that.
    """
    wishes = wishes_of([user], [urgency])
    rows = draft(incident, user, page=page, urgency=urgency, by_reason=by_reason, wishes=wishes)
    put(rows)
    keys = [row.idempotency_key for row in rows]
    return list(Delivery.objects.filter(idempotency_key__in=keys).order_by("position", "id"))


Wishes = Mapping[tuple[int, str], list[rules.Wish]]


def wishes_of(users: Iterable[User], urgencies: Iterable[str]) -> Wishes:
    """The rules of many people at once, by person and urgency."""
    found = NotificationRule.objects.filter(user__in=list(users), urgency__in=list(urgencies))
    wishes: dict[tuple[int, str], list[rules.Wish]] = {}
    for each in found.select_related("contact_method").order_by("position"):
        wish = rules.Wish(each.position, each.after, _method(each.contact_method))
        wishes.setdefault((each.user_id, each.urgency), []).append(wish)
    return wishes


def draft(
    incident: Incident, user: User, *, page: Page | None, urgency: str, by_reason: str = "", wishes: Wishes
) -> list[Delivery]:
    """What `page` would put into the outbox, not written yet: for callers that page many people in one statement."""
    now = clock.now()
    planned = rules.plan(
        wishes.get((user.pk, urgency), []),
        chosen_at=now,
        configured=channel.configured(),
        account_email=user.email,
    )
    identity = (page.run_id, page.run_version, page.pass_number, page.step_number) if page else (uuid.uuid4(),)
    rows = [_row(incident, user, entry, page=page, identity=identity) for entry in planned]
    for row in rows:
        row.urgency, row.created_at = urgency, now
        row.reason = row.reason or by_reason[:60]
        row.ended_at = now if row.status == Status.FAILED else None
    return rows


def put(rows: Sequence[Delivery]) -> None:
    """Write what was drafted, and wake the lane that sends it. What is in the outbox already stays as it is."""
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    jobs.ring(LANE)


def cancel(incident_id: int, *, reason: str, run_id: int | None = None) -> int:
    """Take back every page of this incident (or of one of its runs) that has not gone out. Returns how many.

    A send that is under way cannot be taken back; it is marked, so that it is not tried again. One statement, so that
    a delivery which another worker claims or puts back meanwhile is seen as it then is. The caller holds the
    incident's lock.
    """
    pages = Delivery.objects.filter(incident_id=incident_id, kind=Kind.PAGE)
    if run_id is not None:
        pages = pages.filter(run_id=run_id)
    unsent = Q(status__in=UNSENT)
    cancelled = pages.filter(status__in=[*UNSENT, Status.SENDING]).update(
        status=Case(When(unsent, then=Value(Status.CANCELLED)), default=F("status")),
        reason=Case(When(unsent, then=Value(reason)), default=F("reason")),
        ended_at=Case(When(unsent, then=Value(clock.now())), default=F("ended_at")),
        unwanted_reason=reason,
    )
    pages.filter(status=Status.SENT, receipt_due_at__isnull=False).update(receipt_due_at=None)
    return cancelled


def notice(user: User, *, subject: str, text: str, once: str = "", incident: Incident | None = None) -> list[Delivery]:
    """Tell somebody something that needs no answer, by e-mail. `once` names the news: told twice, it goes out once."""
    if not user.email:
        return []
    key = rules.idempotency_key("notice", user.pk, once or uuid.uuid4())
    row = Delivery(
        incident=incident,
        user=user,
        kind=Kind.NOTICE,
        channel=rules.ACCOUNT_EMAIL_CHANNEL,
        address=user.email,
        idempotency_key=key,
        content={"subject": subject, "text": text},
        due_at=clock.now(),
    )
    if rules.ACCOUNT_EMAIL_CHANNEL not in channel.configured():
        row.status, row.reason, row.ended_at = Status.FAILED, rules.NOT_CONFIGURED, row.due_at
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    jobs.ring(LANE)
    return list(Delivery.objects.filter(idempotency_key=key))


def try_out(user: User) -> list[Delivery]:
    """A harmless page to every contact method of this person, so that she knows how she will be woken."""
    now, ready = clock.now(), channel.configured()
    methods = [_method(each) for each in user.contact_methods.order_by("name")]
    if not methods and user.email:
        methods = [rules.Method(None, rules.ACCOUNT_EMAIL_CHANNEL, user.email)]
    rows = []
    for position, method in enumerate(methods):
        refused = rules.why_unusable(method, ready)
        entry = rules.Planned(position, method, now, refused)
        row = _row(None, user, entry, page=None, identity=(uuid.uuid4(),))
        row.kind, row.ended_at = Kind.TEST, now if refused else None
        rows.append(row)
    jobs.ring(LANE)
    return Delivery.objects.bulk_create(rows)


def _method(method: ContactMethod) -> rules.Method:
    return rules.Method(
        id=method.pk,
        channel=method.channel,
        address=method.address,
        is_verified=method.is_verified,
        is_disabled=bool(method.disabled_reason),
    )


def _row(
    incident: Incident | None, user: User, entry: rules.Planned, *, page: Page | None, identity: tuple[object, ...]
) -> Delivery:
    method = entry.method
    method_id = method.id if method else None
    return Delivery(
        incident=incident,
        user=user,
        contact_method_id=method_id,
        channel=method.channel if method else "",
        address=method.address if method else "",
        status=Status.FAILED if entry.refused else Status.QUEUED,
        reason=entry.refused,
        run_id=page.run_id if page else None,
        run_version=page.run_version if page else None,
        pass_number=page.pass_number if page else None,
        step_number=page.step_number if page else None,
        position=entry.position,
        idempotency_key=rules.idempotency_key(
            incident.pk if incident else "none", *identity, user.pk, entry.position, method_id or "account"
        ),
        due_at=entry.due_at,
    )
