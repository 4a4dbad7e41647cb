"""Errors that read as sentences a user could be shown. `core.api` and the pages translate them once."""


class DomainError(Exception):
    """The request cannot be carried out; the text says why and what to do. Shown as 409."""

    code = "conflict"


class NotAllowed(DomainError):
    """This person may not do that. Shown as 403."""

    code = "not_allowed"


class Invalid(DomainError):
    """The input is not usable. `fields` names what is wrong where. Shown as 400."""

    code = "invalid"

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}
