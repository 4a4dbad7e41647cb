"""How the description of the API tells of our two ways in."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself on definition
    """`Authorization: Bearer <key>`."""

    target_class = "accounts.api_keys.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        """As OpenAPI says it."""
        return {"type": "http", "scheme": "bearer", "description": "An API key; it acts as its user, within its scope."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself on definition
    """The session of somebody who is signed in."""

    target_class = "accounts.api_keys.SignedInAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        """As OpenAPI says it."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "tocsin",
            "description": "The cookie of somebody who is signed in; changes also need the X-CSRFToken header.",
        }
