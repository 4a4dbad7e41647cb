"""Who did something, and by which way. Every change of an incident names one."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import User


class ActorKind(StrEnum):
    """What sort of actor it was."""

    USER = "user"
    SOURCE = "source"
    SYSTEM = "system"


class Via(StrEnum):
    """By which way it was done."""

    WEB = "web"
    API = "api"
    ADMIN = "admin"
    SLACK = "slack"
    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"
    WEBHOOK = "webhook"
    ENGINE = "engine"
    COMMAND = "command"


_WAYS = {
    Via.WEB: "on the web",
    Via.API: "through the API",
    Via.ADMIN: "in the admin",
    Via.SLACK: "in Slack",
    Via.SMS: "by SMS",
    Via.VOICE: "by phone",
    Via.EMAIL: "by e-mail",
    Via.PUSH: "by push",
    Via.COMMAND: "on the command line",
}


@dataclass(frozen=True)
class Actor:
    """Who, and by which way. `name` is what people read: a username, an integration's name, or Tocsin's own part."""

    kind: ActorKind
    name: str
    via: Via
    user_id: int | None = None

    @property
    def phrase(self) -> str:
        """Who and how in words: `ada by SMS`, `prometheus`, `Tocsin`."""
        if self.kind is ActorKind.SYSTEM:
            return "Tocsin"
        return f"{self.name} {_WAYS[self.via]}" if self.via in _WAYS else self.name


def person(user: User, via: Via) -> Actor:
    """Somebody acted."""
    return Actor(ActorKind.USER, user.username, via, user.pk)


def source(integration: str) -> Actor:
    """A monitoring system acted, through the integration of this name."""
    return Actor(ActorKind.SOURCE, integration, Via.WEBHOOK)


def system(part: str) -> Actor:
    """Tocsin itself acted: `part` says which part, for example `escalation`."""
    return Actor(ActorKind.SYSTEM, part, Via.ENGINE)
