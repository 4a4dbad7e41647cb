"""Users with their contact methods and notification rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import Role, User
from config.apply.document import Node
from config.apply.schema import Fields, Gathered, Reader, list_of, wrong
from config.apply.section import Given, Made, Plain, Section, said
from config.apply.values import (
    duration,
    email,
    flag,
    one_of,
    text,
    time_zone,
    username,
)
from core import clock, durations
from core.spelling import near
from notifications import addresses
from notifications.channel import CHANNELS
from notifications.models import ContactMethod, NotificationRule

_DEFAULT_ROLE = Role.RESPONDER.value
_DEFAULT_ZONE = "UTC"


@dataclass(frozen=True)
class Method:
    """A contact method. `verified` is None where the file leaves it as it is."""

    name: str
    channel: str
    address: str
    verified: bool | None = None

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(
            name=str(self.name),
            channel=str(self.channel),
            address=str(self.address),
            verified=self.verified or None,
        )


@dataclass(frozen=True)
class Rule:
    """So long after being chosen, use this contact method."""

    after: timedelta
    use: str

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return {"after": durations.write(self.after), "use": str(self.use)}


@dataclass(frozen=True)
class Person:
    """A user."""

    username: str
    email: str = ""
    full_name: str = ""
    role: str = _DEFAULT_ROLE
    time_zone: str = _DEFAULT_ZONE
    active: bool = True
    contact_methods: tuple[Method, ...] = ()
    notification_rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """Whether she may do everything."""
        return self.active and self.role == Role.ADMIN

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        rules: dict[str, Plain] = {
            urgency: [each.plain() for each in self.notification_rules[urgency]]
            for urgency in ("high", "low")
            if self.notification_rules.get(urgency)
        }
        return said(
            username=str(self.username),
            email=self.email,
            full_name=str(self.full_name),
            role=str(self.role),
            time_zone=str(self.time_zone),
            active=None if self.active else False,
            contact_methods=[each.plain() for each in self.contact_methods],
            notification_rules=rules,
        )


_read_method = Fields(
    {
        "name": text(longest=60),
        "channel": one_of(lambda: CHANNELS.all().keys()),
        "address": text(longest=320),
        "verified": flag(),
    },
    Method,
    required=("name", "channel", "address"),
)

_read_rules = list_of(Fields({"after": duration(), "use": text(longest=60)}, Rule, required=("after", "use")))


def _password() -> Reader[str]:
    """A password as the API and the admin take it too."""

    def read(node: Node, gathered: Gathered) -> str:
        value = text(longest=500)(node, gathered)
        try:
            validate_password(str(value))
        except ValidationError as weak:
            raise wrong(node, " ".join(weak.messages)) from None
        return value

    return read


class Users(Section[Person]):
    """Who signs in, is paged, or both."""

    key = "users"
    kind = "user"
    name_key = "username"
    form = Person
    unread = frozenset({"password"})
    fields = {
        "username": username(),
        "email": email(),
        "full_name": text(longest=200, may_be_empty=True),
        "password": _password(),
        "role": one_of(lambda: Role.values),
        "time_zone": time_zone(),
        "active": flag(),
        "contact_methods": list_of(_read_method, once=lambda each: each.name),
        "notification_rules": Fields({"high": _read_rules, "low": _read_rules}, dict),
    }

    def current(self) -> dict[str, Person]:
        """Every user."""
        users = User.objects.prefetch_related("contact_methods", "notification_rules__contact_method")
        return {user.username: _person(user) for user in users}

    def merged(self, old: Person | None, given: Given) -> Person:
        """With what the file leaves open about contact methods and rules taken from what was."""
        wanted = super().merged(old, given)
        before = {each.name: each for each in old.contact_methods} if old else {}
        methods = sorted((_settled(each, before, given) for each in wanted.contact_methods), key=lambda each: each.name)
        rules = {**(old.notification_rules if old else {}), **wanted.notification_rules}
        names = [each.name for each in methods]
        for rule in (rule for those in rules.values() for rule in those):
            if rule.use not in names:
                sentence = f'the rules of "{given.name}" use "{rule.use}", which is none of the contact methods'
                raise given.wrong(sentence + near(rule.use, names), rule.use)
        return replace(
            wanted,
            contact_methods=tuple(methods),
            notification_rules={urgency: those for urgency, those in rules.items() if those},
        )

    def unread_changes(self, old: Person | None, given: Given) -> list[str]:
        """Whether the password is another."""
        password = given.values.get("password")
        if password is None:
            return []
        user = User.objects.filter(username=given.name).first()
        return [] if user and user.check_password(password) else ["password: set"]

    def check_together(self, old: Mapping[str, Person], wanted: Mapping[str, tuple[Given, Person]]) -> None:
        """Somebody must be left who may do everything."""
        before = {name for name, each in old.items() if each.is_admin}
        after = (before - wanted.keys()) | {name for name, (_, each) in wanted.items() if each.is_admin}
        if before and not after:
            given = max((wanted[name][0] for name in before), key=lambda each: each.place)
            raise given.wrong(
                f'"{given.name}" is the last admin: make somebody else an admin', given.values.get("role")
            )

    def write(self, form: Person, given: Given, made: Made) -> None:
        """The account, then what belongs to it."""
        user = User.objects.filter(username=form.username).first() or User(username=str(form.username))
        user.email, user.full_name, user.role = form.email, str(form.full_name), str(form.role)
        user.time_zone, user.is_active = str(form.time_zone), form.active
        password = given.values.get("password")
        if password is not None and not (user.pk and user.check_password(password)):
            user.set_password(password)
        elif user.pk is None:
            user.set_unusable_password()
        user.save()
        _write_methods(user, form.contact_methods)
        _write_rules(user, form.notification_rules)


def _person(user: User) -> Person:
    rules: dict[str, tuple[Rule, ...]] = {}
    for each in sorted(user.notification_rules.all(), key=lambda rule: rule.position):
        rules[each.urgency] = (*rules.get(each.urgency, ()), Rule(each.after, each.contact_method.name))
    return Person(
        username=user.username,
        email=user.email,
        full_name=user.full_name,
        role=user.role,
        time_zone=user.time_zone,
        active=user.is_active,
        contact_methods=tuple(
            Method(each.name, each.channel, each.address, each.is_verified)
            for each in sorted(user.contact_methods.all(), key=lambda each: each.name)
        ),
        notification_rules=rules,
    )


def _settled(method: Method, before: Mapping[str, Method], given: Given) -> Method:
    """The method with its address checked, and `verified` as the file says; else as it was for this very address."""
    fault = addresses.fault(method.channel, method.address)
    if fault:
        raise given.wrong(fault, method.address)
    if method.verified is not None:
        return method
    old = before.get(method.name)
    is_same = old is not None and (old.channel, old.address) == (method.channel, method.address)
    return replace(method, verified=bool(is_same and old and old.verified))


def _write_methods(user: User, methods: tuple[Method, ...]) -> None:
    existing = {each.name: each for each in user.contact_methods.all()}
    for form in methods:
        row = existing.pop(form.name, None) or ContactMethod(user=user, name=str(form.name))
        is_other = (row.channel, row.address) != (form.channel, form.address)
        if row.pk and not is_other and row.is_verified == bool(form.verified):
            continue
        if is_other:
            row.verified_at, row.disabled_reason = None, ""
        row.channel, row.address = str(form.channel), str(form.address)
        row.verified_at = (row.verified_at or clock.now()) if form.verified else None
        row.save()
    ContactMethod.objects.filter(pk__in=[each.pk for each in existing.values()]).delete()


def _write_rules(user: User, rules: Mapping[str, tuple[Rule, ...]]) -> None:
    if dict(_person(user).notification_rules) == dict(rules):
        return
    methods = {each.name: each for each in ContactMethod.objects.filter(user=user)}
    NotificationRule.objects.filter(user=user).delete()
    NotificationRule.objects.bulk_create(
        NotificationRule(
            user=user, urgency=urgency, position=position, after=each.after, contact_method=methods[each.use]
        )
        for urgency, those in rules.items()
        for position, each in enumerate(those, start=1)
    )
