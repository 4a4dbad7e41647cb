"""Where a request comes from: the client's address, and whether it is this machine itself that asks."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def client_address(request: HttpRequest) -> str | None:
    """The client's address as the outermost trusted proxy saw it; what a client writes itself is never believed.

    `TRUSTED_PROXIES` says how many proxies stand in front and append to X-Forwarded-For; none by default.
    """
    direct = _address(request.META.get("REMOTE_ADDR", ""))
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    if not trusted or len(chain) < trusted:
        return direct
    return _address(chain[-trusted])


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return None


def is_this_machine(request: HttpRequest) -> bool:
    """Whether it comes over loopback and no proxy says that it passes on what another machine asked."""
    if any(request.headers.get(name) for name in _FORWARDED):
        return False
    direct = _address(request.META.get("REMOTE_ADDR", ""))
    return direct is not None and ip_address(direct).is_loopback
