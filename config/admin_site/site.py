"""The admin's site: people sign in where everybody does, and its pages get the policy that they need to work."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

# Unfold's pages are run by Alpine, which evaluates its attributes, and are coloured by a style block and style
# attributes. Scripts still come from our own files only. The responders' pages keep the strict policy.
_LOOSER = csp_update({"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]})


class Site(UnfoldAdminSite):  # type: ignore[misc]  # unfold publishes no types
    """What managers and admins see under /admin/."""

    index_title = "Overview"
    enable_nav_sidebar = True

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Every page of the admin, with its own Content-Security-Policy."""
        wrapped: Callable[..., Any] = _LOOSER(super().admin_view(view, cacheable))
        return wrapped

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one way to sign in, with one limit on guessing."""
        if request.user.is_authenticated:
            raise PermissionDenied("The admin is for managers and admins.")
        come_back = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': come_back})}")
