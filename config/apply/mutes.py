"""Maintenance windows and inhibition rules. Silences are none of this: they are of the moment."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.models import Integration
from alerts.muting import inhibition, matchers, recurrence, windows
from alerts.muting.inhibition import RuleWish
from alerts.muting.matchers import NotAMatcher
from alerts.muting.models import InhibitionRule, MaintenanceWindow
from alerts.muting.windows import WindowWish
from catalog.models import Service
from config.apply.document import Node
from config.apply.schema import Gathered, Written, list_of, wrong
from config.apply.section import Given, Made, Plain, Section, said, texts
from config.apply.values import duration, flag, moment, reference, text, time_zone
from core import durations

_MINUTES = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class WindowForm:
    """A window. `starts` is local."""

    name: str
    starts: datetime | None = None
    duration: timedelta = timedelta()
    time_zone: str = "UTC"
    recurrence: str = ""
    comment: str = ""
    matchers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    active: bool = True

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(
            name=str(self.name),
            starts=self.starts.strftime(_MINUTES) if self.starts else None,
            duration=durations.write(self.duration),
            time_zone=str(self.time_zone),
            recurrence=str(self.recurrence),
            comment=str(self.comment),
            matchers=texts(self.matchers),
            services=texts(self.services),
            integrations=texts(self.integrations),
            active=None if self.active else False,
        )


@dataclass(frozen=True)
class RuleForm:
    """A rule."""

    name: str
    source_matchers: tuple[str, ...] = ()
    target_matchers: tuple[str, ...] = ()
    equal: tuple[str, ...] = ()
    active: bool = True

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(
            name=str(self.name),
            source_matchers=texts(self.source_matchers),
            target_matchers=texts(self.target_matchers),
            equal=texts(self.equal),
            active=None if self.active else False,
        )


def _matcher(node: Node, gathered: Gathered) -> str:
    """One matcher, as it is kept."""
    given = text(longest=matchers.LONGEST, may_break=True)(node, gathered)
    try:
        read = matchers.read(given)
    except NotAMatcher as problem:
        raise wrong(node, str(problem)) from None
    if len(read) != 1:
        raise wrong(node, "must be one matcher: write each as an item of the list")
    return Written.at(node.place, str(read[0]))


def _checked(problems: dict[str, str], given: Given) -> None:
    for field, problem in problems.items():
        value = given.values.get(field)
        raise given.wrong(problem.rstrip("."), value[0] if isinstance(value, tuple) and value else value)


class MaintenanceWindows(Section[WindowForm]):
    """Planned work."""

    key = "maintenance_windows"
    kind = "maintenance window"
    form = WindowForm
    required_when_new = ("starts", "duration")
    fields = {
        "name": text(),
        "starts": moment(may_have_offset=False),
        "duration": duration(longest=recurrence.LONGEST),
        "time_zone": time_zone(),
        "recurrence": text(longest=recurrence.LONGEST_RULE, may_be_empty=True),
        "comment": text(longest=windows.LONGEST_COMMENT, may_be_empty=True, may_break=True),
        "matchers": list_of(_matcher, once=str),
        "services": list_of(reference("service"), once=str),
        "integrations": list_of(reference("integration"), once=str),
        "active": flag(),
    }

    def current(self) -> dict[str, WindowForm]:
        """Every window."""
        found = MaintenanceWindow.objects.prefetch_related("services", "integrations")
        return {
            each.name: WindowForm(
                name=each.name,
                starts=each.starts,
                duration=each.duration,
                time_zone=each.time_zone,
                recurrence=each.recurrence,
                comment=each.comment,
                matchers=tuple(each.matchers),
                services=tuple(sorted(service.name for service in each.services.all())),
                integrations=tuple(sorted(one.name for one in each.integrations.all())),
                active=each.is_active,
            )
            for each in found
        }

    def merged(self, old: WindowForm | None, given: Given) -> WindowForm:
        """Refuses a window that would never be on, or mute nothing."""
        wanted = super().merged(old, given)
        _checked(_problems_of(wanted), given)
        services, integrations = (tuple(sorted(names)) for names in (wanted.services, wanted.integrations))
        return replace(wanted, services=services, integrations=integrations)

    def write(self, form: WindowForm, given: Given, made: Made) -> None:
        """The window and its scope."""
        services = list(Service.objects.filter(name__in=form.services))
        integrations = list(Integration.objects.filter(name__in=form.integrations))
        wish = _window_wish(form, services, integrations)
        row = MaintenanceWindow.objects.filter(name=form.name).first()
        if row is None:
            windows.create(wish, owner="")
        else:
            windows.change(row.pk, wish)


def _problems_of(form: WindowForm) -> dict[str, str]:
    problems = windows.check(_window_wish(form, [], []))
    if form.matchers:
        problem = matchers.check(matchers.read_all(form.matchers))
        return {**problems, "matchers": problem} if problem else problems
    return problems if form.services or form.integrations else {**problems, "services": windows.NO_SCOPE}


def _window_wish(form: WindowForm, services: list[Service], integrations: list[Integration]) -> WindowWish:
    assert form.starts is not None  # required of a new one
    return WindowWish(
        name=str(form.name),
        starts=form.starts,
        duration=form.duration,
        time_zone=str(form.time_zone),
        recurrence=str(form.recurrence),
        comment=str(form.comment),
        matchers=[str(each) for each in form.matchers],
        services=services,
        integrations=integrations,
        is_active=form.active,
    )


class InhibitionRules(Section[RuleForm]):
    """Which alerts mute which others."""

    key = "inhibition_rules"
    kind = "inhibition rule"
    form = RuleForm
    required_when_new = ("source_matchers", "target_matchers")
    fields = {
        "name": text(),
        "source_matchers": list_of(_matcher, once=str, at_least=1),
        "target_matchers": list_of(_matcher, once=str, at_least=1),
        "equal": list_of(text(longest=200), once=str, at_most=inhibition.MOST_EQUAL),
        "active": flag(),
    }

    def current(self) -> dict[str, RuleForm]:
        """Every rule."""
        return {
            each.name: RuleForm(
                each.name,
                tuple(each.source_matchers),
                tuple(each.target_matchers),
                tuple(each.equal),
                each.is_active,
            )
            for each in InhibitionRule.objects.all()
        }

    def merged(self, old: RuleForm | None, given: Given) -> RuleForm:
        """Refuses matchers that would match alerts without labels."""
        wanted = super().merged(old, given)
        _checked(inhibition.check(_rule_wish(wanted)), given)
        return wanted

    def write(self, form: RuleForm, given: Given, made: Made) -> None:
        """The rule."""
        row = InhibitionRule.objects.filter(name=form.name).first()
        if row is None:
            inhibition.create(_rule_wish(form))
        else:
            inhibition.change(row.pk, _rule_wish(form))


def _rule_wish(form: RuleForm) -> RuleWish:
    return RuleWish(
        name=str(form.name),
        source_matchers=[str(each) for each in form.source_matchers],
        target_matchers=[str(each) for each in form.target_matchers],
        equal=[str(each) for each in form.equal],
        is_active=form.active,
    )
