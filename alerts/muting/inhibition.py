"""Inhibition rules: while one alert fires, others page nobody. Made, changed and taken away by people."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from alerts.muting import locking, silences
from alerts.muting.models import InhibitionRule
from alerts.muting.watches import LANE, look_at_caused
from core import clock, jobs
from core.errors import Invalid

MOST_EQUAL = 20


@dataclass(frozen=True)
class RuleWish:
    """What a rule shall be."""

    name: str
    source_matchers: Sequence[str]
    target_matchers: Sequence[str]
    equal: Sequence[str] = ()
    is_active: bool = True


@transaction.atomic
def create(wish: RuleWish) -> InhibitionRule:
    """A new rule. Raises Invalid, naming the field."""
    rule = InhibitionRule()
    _fill(rule, wish)
    return rule


@transaction.atomic
def change(rule_id: int, wish: RuleWish) -> InhibitionRule:
    """Make it so instead. Raises Invalid, and InhibitionRule.DoesNotExist."""
    rule = InhibitionRule.objects.select_for_update(no_key=True).get(pk=rule_id)
    _fill(rule, wish)
    return rule


@transaction.atomic
def delete(rule_id: int) -> None:
    """Take it away, with whatever it mutes."""
    locking.lock_out_others()  # or a batch that still sees it would leave an incident muted by what is gone
    look_at_caused([f"rule:{rule_id}"], now=clock.now())
    InhibitionRule.objects.filter(pk=rule_id).delete()


def check(wish: RuleWish) -> dict[str, str]:
    """What is wrong with a rule, by field."""
    problems: dict[str, str] = {}
    for field in ("source_matchers", "target_matchers"):
        try:
            silences.checked(getattr(wish, field), field=field)
        except Invalid as refused:
            problems[field] = str(refused)
    if len(wish.equal) > MOST_EQUAL or any(not 0 < len(name) <= 200 or "\0" in name for name in wish.equal):
        problems["equal"] = f"At most {MOST_EQUAL} names of labels, each of 1 to 200 characters."
    return problems


def _fill(rule: InhibitionRule, wish: RuleWish) -> None:
    problems = check(wish)
    same = InhibitionRule.objects.filter(name=wish.name).exclude(pk=rule.pk)
    if not wish.name.strip() or same.exists():
        problems["name"] = "Another rule has this name." if wish.name.strip() else "Give it a name."
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    rule.name, rule.is_active = wish.name.strip(), wish.is_active
    rule.source_matchers = silences.checked(wish.source_matchers)
    rule.target_matchers = silences.checked(wish.target_matchers)
    rule.equal = list(dict.fromkeys(wish.equal))
    rule.changed_at = rule.due_at = clock.now()
    rule.save()
    jobs.ring(LANE, rule.pk)
