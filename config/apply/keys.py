"""API keys. Their texts can be given; else they are made, and shown once."""

from dataclasses import dataclass

from accounts import api_keys
from accounts.models import ApiKey, Scope, User
from config.apply.section import Given, Made, Plain, Section, said
from config.apply.values import key_text, one_of, reference, text
from core import clock


@dataclass(frozen=True)
class KeyForm:
    """A script's way in, as its user and within its scope."""

    name: str
    user: str = ""
    scope: str = Scope.READ.value

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(name=str(self.name), user=str(self.user), scope=str(self.scope))


class ApiKeys(Section[KeyForm]):
    """Keys that are neither revoked nor expired; such a name cannot be used again."""

    key = "api_keys"
    kind = "api key"
    form = KeyForm
    required_when_new = ("user",)
    unread = frozenset({"key"})
    fields = {
        "name": text(),
        "user": reference("user"),
        "scope": one_of(lambda: Scope.values),
        "key": key_text(),
    }

    def current(self) -> dict[str, KeyForm]:
        """Every key that opens something."""
        now = clock.now()
        return {
            each.name: KeyForm(each.name, each.user.username, each.scope)
            for each in ApiKey.objects.select_related("user").filter(revoked_at=None)
            if each.expires_at is None or each.expires_at > now
        }

    def merged(self, old: KeyForm | None, given: Given) -> KeyForm:
        """Refuses to bring a dead key back to life."""
        if old is None and ApiKey.objects.filter(name=given.name).exists():
            raise given.wrong(f'the api key "{given.name}" was revoked or has expired; use another name')
        return super().merged(old, given)

    def unread_changes(self, old: KeyForm | None, given: Given) -> list[str]:
        """Whether the key is another."""
        wanted = given.values.get("key")
        if wanted is None:
            return []
        owner = ApiKey.objects.filter(key_hash=api_keys.hashed(wanted)).first()
        if owner is None:
            return ["key: as given"] if old is None else ["key: replaced"]
        if owner.name != given.name:
            raise given.wrong(f'this key is already that of the api key "{owner.name}"', wanted)
        return []

    def write(self, form: KeyForm, given: Given, made: Made) -> None:
        """The key; its text goes to `made` where it is known."""
        user = User.objects.get(username=form.user)
        scope = Scope(form.scope)
        wanted = given.values.get("key")
        row = ApiKey.objects.filter(name=form.name).first()
        if row is None:
            _, made.api_keys[form.name] = api_keys.create(name=str(form.name), user=user, scope=scope, key=wanted)
            return
        row.user, row.scope = user, scope
        if wanted is not None:
            row.key_hash, row.prefix = api_keys.hashed(wanted), wanted[:12]
        row.save(update_fields=["user", "scope", "key_hash", "prefix"])
