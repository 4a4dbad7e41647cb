"""Which mapping an integration uses: saving versions, putting one into use, taking it away. Each has its actor."""

from functools import lru_cache

from django.db import transaction
from django.db.models import Max

from alerts.mapping import rules as mapping
from alerts.mapping.models import MappingUse, MappingVersion
from alerts.mapping.rules import AlertMapping, Flat
from alerts.models import Integration
from core import clock
from core.errors import DomainError, Invalid
from incidents.actor import Actor

LONGEST_COMMENT = 300


class NoSuchVersion(DomainError):
    """There is no version of this number."""

    code = "no_such_version"


def active(integration: Integration) -> AlertMapping | None:
    """The mapping in use, ready to be applied; None where there is none."""
    return _compiled(integration.mapping_id) if integration.mapping_id is not None else None


# A version never changes, so what was made of it stays right.
@lru_cache(maxsize=1000)
def _compiled(version_id: int) -> AlertMapping:
    version = MappingVersion.objects.get(pk=version_id)
    return mapping.compile_mapping(mapping.flat(version.expressions), version=version.number)


def in_use(integration: Integration) -> dict[str, str]:
    """The expressions in use, by field."""
    return mapping.flat(integration.mapping.expressions) if integration.mapping is not None else {}


@transaction.atomic
def save(
    integration_id: int, expressions: Flat, *, comment: str = "", by: Actor, is_used: bool = True
) -> MappingVersion | None:
    """A new version, in use from now on; the one in use where it says the same. Without expressions none is in use.

    One that is not to be used is a draft: it is kept and changes nothing. Raises Invalid, naming each field.
    """
    wanted = {name: text.strip() for name, text in expressions.items() if text.strip()}
    problems = mapping.check(wanted)
    if problems:
        name, problem = next(iter(problems.items()))
        raise Invalid(f"{name}: {problem}", problems)
    integration = _locked(integration_id)
    if not wanted:
        if is_used:
            _put_into_use(integration, None, by=by)
        return None
    if in_use(integration) == wanted:
        return integration.mapping
    last = integration.mapping_versions.aggregate(last=Max("number"))["last"] or 0
    version = MappingVersion.objects.create(
        integration=integration,
        number=last + 1,
        expressions=mapping.nested(wanted),
        comment=comment.strip()[:LONGEST_COMMENT],
        author=by.name[:150],
        created_at=clock.now(),
    )
    if is_used:
        _put_into_use(integration, version, by=by)
    return version


@transaction.atomic
def use(integration_id: int, number: int | None, *, by: Actor) -> bool:
    """Put an earlier version into use, or none. False where it is already. Raises NoSuchVersion."""
    integration = _locked(integration_id)
    version = None
    if number is not None:
        version = integration.mapping_versions.filter(number=number).first()
        if version is None:
            raise NoSuchVersion(f"The mapping of {integration.name} has no version {number}.")
    return _put_into_use(integration, version, by=by)


def _locked(integration_id: int) -> Integration:
    return (
        Integration.objects.select_for_update(no_key=True, of=("self",))
        .select_related("mapping")
        .get(pk=integration_id)
    )


def _put_into_use(integration: Integration, version: MappingVersion | None, *, by: Actor) -> bool:
    if integration.mapping_id == (version.pk if version is not None else None):
        return False
    integration.mapping = version
    integration.save(update_fields=["mapping"])
    MappingUse.objects.create(
        integration=integration, version=version, actor_name=by.name[:150], via=by.via, user_id=by.user_id
    )
    return True
