"""Signing in and out. Needs PostgreSQL only, so that people can sign in while Redis is down."""

import structlog
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from web import sign_in_limits
from web.asking import client_address
from web.forms.signing_in import SignInForm

log = structlog.get_logger(__name__)

_WRONG = "That did not work. Check the name and the password."


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; where name and password are right, on to where she wanted to go."""
    form = SignInForm(request.POST or None)
    problem = ""
    if request.method == "POST":
        try:
            problem = _try(request, form)
        except sign_in_limits.TooManyAttempts as refusal:
            problem = str(refusal)
        if not problem:
            return HttpResponseRedirect(_wanted(request))
    elif request.user.is_authenticated:
        return HttpResponseRedirect(_wanted(request))
    context = {"form": form, "problem": problem, "next": _wanted(request)}
    return render(request, "web/sign_in.html", context, status=422 if problem else 200)


def _try(request: HttpRequest, form: SignInForm) -> str:
    """Sign her in; what went wrong, or nothing."""
    if not form.is_valid():
        return _WRONG
    username = form.cleaned_data["username"]
    attempt = sign_in_limits.begin(username, client_address(request))
    user = authenticate(request, username=username, password=form.cleaned_data["password"])
    if user is None:
        log.info("sign_in.failed", address=client_address(request))
        return _WRONG
    sign_in_limits.succeeded(attempt)
    login(request, user)
    return ""


def _wanted(request: HttpRequest) -> str:
    """Where to go after: only a path of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave."""
    logout(request)
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)
