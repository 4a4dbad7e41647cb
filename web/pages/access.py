"""Who may open a page: signed in, active, and of at least the given role."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers

from accounts import access
from accounts.models import Role, User
from core.snapshot import snapshot

P = ParamSpec("P")
_SAFE = ("GET", "HEAD")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def page(role: Role = Role.VIEWER) -> Callable[[View[P]], View[P]]:
    """For people who are signed in and have this role; others are sent to sign in, or told which role it needs."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            access.require(request.user, role)
            with snapshot() if request.method in _SAFE else nullcontext():
                response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return cast("View[P]", guarded)

    return decorate


def reader(request: HttpRequest) -> User:
    """The signed-in person. Only for views behind `page`."""
    assert isinstance(request.user, User)
    return request.user


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks, to replace a part of a page."""
    return request.headers.get("HX-Request") == "true"


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if is_fragment(request):
        # A redirect would put the sign-in form into the middle of the page.
        return HttpResponse("Signed out.", status=401, content_type="text/plain")
    come_back = request.get_full_path() if request.method == "GET" else "/"
    query = "" if come_back == "/" else "?" + urlencode({"next": come_back})
    return HttpResponseRedirect(f"{settings.LOGIN_URL}{query}")
