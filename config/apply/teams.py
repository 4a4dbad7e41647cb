"""Teams and who is in them."""

from dataclasses import dataclass, replace

from accounts.models import Membership, Team, User
from config.apply.schema import list_of
from config.apply.section import Given, Made, Plain, Section, said, texts
from config.apply.values import reference, text


@dataclass(frozen=True)
class TeamForm:
    """A team; its members in alphabetical order."""

    name: str
    members: tuple[str, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(name=str(self.name), members=texts(self.members))


class Teams(Section[TeamForm]):
    """Those who own services."""

    key = "teams"
    kind = "team"
    form = TeamForm
    fields = {"name": text(), "members": list_of(reference("user"), once=str)}

    def current(self) -> dict[str, TeamForm]:
        """Every team."""
        return {
            team.name: TeamForm(team.name, tuple(sorted(each.username for each in team.members.all())))
            for team in Team.objects.prefetch_related("members")
        }

    def merged(self, old: TeamForm | None, given: Given) -> TeamForm:
        """In alphabetical order."""
        wanted = super().merged(old, given)
        return replace(wanted, members=tuple(sorted(wanted.members)))

    def write(self, form: TeamForm, given: Given, made: Made) -> None:
        """The team, then its members."""
        team, _ = Team.objects.get_or_create(name=str(form.name))
        Membership.objects.filter(team=team).exclude(user__username__in=form.members).delete()
        for user in User.objects.filter(username__in=form.members).exclude(memberships__team=team):
            Membership.objects.create(team=team, user=user)
