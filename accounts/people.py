"""Making and changing people and teams by hand. Accounts are switched off, not deleted: what they did stays theirs."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from accounts.models import Membership, Role, Team, User
from core.errors import DomainError


class LastAdmin(DomainError):
    """Somebody must be left who may do everything."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("This is the last admin. Make somebody else an admin first.")


class StillOwned(DomainError):
    """Something still belongs to this team."""

    code = "still_owned"

    def __init__(self, team: Team, what: Iterable[str]) -> None:
        super().__init__(f"{team.name} still owns {', '.join(sorted(what))}. Give that to another team first.")


@transaction.atomic
def create_user(*, password: str | None, **fields: Any) -> User:
    """A new person; without a password she cannot sign in by one."""
    user: User = User.objects.create_user(fields.pop("username"), password, **fields)
    return user


@transaction.atomic
def change_user(user_id: int, changes: Mapping[str, Any]) -> User:
    """The person after the changes; `password` among them is hashed. Raises LastAdmin."""
    admins = list(User.objects.admins().select_for_update(no_key=True))
    user: User = User.objects.select_for_update(no_key=True).get(pk=user_id)
    fields = dict(changes)
    password = fields.pop("password", None)
    for name, value in fields.items():
        setattr(user, name, value)
    if admins == [user] and not user.is_at_least(Role.ADMIN):
        raise LastAdmin
    if password is not None:
        user.set_password(password)
        fields["password"] = None
    user.save(update_fields=list(fields))
    return user


@transaction.atomic
def save_team(team: Team, members: Iterable[User] | None) -> Team:
    """The team with exactly these members; None leaves them as they are."""
    team.save()
    if members is not None:
        wanted = {user.pk for user in members}
        Membership.objects.filter(team=team).exclude(user_id__in=wanted).delete()
        present = set(Membership.objects.filter(team=team).values_list("user_id", flat=True))
        Membership.objects.bulk_create(Membership(team=team, user_id=pk) for pk in sorted(wanted - present))
    return team


@transaction.atomic
def delete_team(team: Team) -> None:
    """Raises StillOwned where a service, schedule or policy belongs to it."""
    try:
        team.delete()
    except ProtectedError as protected:
        raise StillOwned(team, map(str, protected.protected_objects)) from None
