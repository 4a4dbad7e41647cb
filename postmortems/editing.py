"""Changing a postmortem's text, so that two people who write at once lose nothing."""

from django.db import transaction

from accounts.access import require
from accounts.models import Role, User
from core import clock
from core.errors import DomainError, Invalid
from postmortems.models import Postmortem
from postmortems.states import Status

LONGEST_BODY = 500_000  # characters


class Stale(DomainError):
    """Somebody saved in between. `current` is what stands now."""

    code = "stale"

    def __init__(self, current: Postmortem) -> None:
        who = f" by {current.updated_by}" if current.updated_by else ""
        super().__init__(
            f"The text was changed{who} while you had it open: it is at version {current.version} now. "
            "Nothing of yours was saved; compare both and try again."
        )
        self.current = current


class AlreadyApproved(DomainError):
    """An approved postmortem is not edited."""

    code = "postmortem_approved"


@transaction.atomic
def edit(postmortem_id: int, *, by: User, version: int, title: str, body: str) -> Postmortem:
    """Save title and body over `version`, the one the writer began from. Returns it with its new version.

    Raises Stale, AlreadyApproved, Invalid, NotAllowed.
    """
    require(by, Role.RESPONDER)
    title, body = title.strip(), body.replace("\r\n", "\n").replace("\0", "")
    _require_sound(title, body)
    postmortem = Postmortem.objects.select_for_update(no_key=True, of=("self",)).get(pk=postmortem_id)
    if postmortem.status == Status.APPROVED:
        raise AlreadyApproved("It is approved and no longer edited. A manager can reopen it.")
    if (postmortem.title, postmortem.body) == (title, body):
        return postmortem
    if postmortem.version != version:
        raise Stale(postmortem)
    postmortem.title, postmortem.body = title, body
    postmortem.version += 1
    postmortem.updated_at, postmortem.updated_by = clock.now(), by
    postmortem.save(update_fields=["title", "body", "version", "updated_at", "updated_by"])
    return postmortem


def _require_sound(title: str, body: str) -> None:
    problems = {}
    if not title or len(title) > Postmortem.LONGEST_TITLE or "\0" in title:
        problems["title"] = f"A title has 1 to {Postmortem.LONGEST_TITLE} characters."
    if len(body) > LONGEST_BODY:
        problems["body"] = f"A postmortem has at most {LONGEST_BODY} characters."
    if problems:
        raise Invalid(" ".join(problems.values()), problems)
