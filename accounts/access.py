"""What a person may see and do, by role; and what a key may, by scope. Asked by the API, the pages and the admin."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, Role, Scope, User
from core.errors import NotAllowed

_SCOPES = list(Scope)


def require(user: User, role: Role) -> None:
    """Raise NotAllowed unless the person's role includes the given one."""
    if not user.is_at_least(role):
        raise NotAllowed(f"This needs the role {role.label.lower()}; yours is {user.role}. Ask an admin.")


class RoleAndScope(BasePermission):
    """Reading needs a viewer and scope read, changing a responder and scope write.

    A view may ask for more or less by `role_to_write` and `scope_to_write`.
    """

    def __init__(self) -> None:
        self.message = "Your account is switched off. Ask an admin."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether this request may pass; `message` says why it may not."""
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return False
        reads = request.method in SAFE_METHODS
        role = Role.VIEWER if reads else getattr(view, "role_to_write", Role.RESPONDER)
        scope = Scope.READ if reads else getattr(view, "scope_to_write", Scope.WRITE)
        key = request.auth
        if isinstance(key, ApiKey) and _SCOPES.index(Scope(key.scope)) < _SCOPES.index(scope):
            self.message = f"This needs a key with scope {scope}; this one has {key.scope}."
            return False
        self.message = f"This needs the role {role}; yours is {user.role}. Ask an admin."
        return user.is_at_least(role)
