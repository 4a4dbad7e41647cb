"""Every address that Django answers, read from the URL configuration itself: nobody has to remember to list one."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import RegexPattern, URLPattern, URLResolver

_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(\w+)>")
_VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Endpoint:
    """One address and one method; `{pk}` stands for a part that varies."""

    method: str
    path: str

    def with_values(self) -> str:
        """The address of something that is not there."""
        return re.sub(r"\{\w+\}", "999999", self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def endpoints(below: str) -> list[Endpoint]:
    """All addresses that begin so, with the methods their views take."""
    found = {
        Endpoint(method, path)
        for path, view in _views(get_resolver(), "/")
        if path.startswith(below)
        for method in _methods(view)
    }
    return sorted(found, key=lambda each: (each.path, each.method))


def _views(resolver: URLResolver, before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for each in resolver.url_patterns:
        path = before + _readable(each)
        if isinstance(each, URLResolver):
            yield from _views(each, path)
        elif each.callback is not None:
            yield path, each.callback


def _readable(pattern: URLPattern | URLResolver) -> str:
    text = str(pattern.pattern)
    if isinstance(pattern.pattern, RegexPattern):
        text = text.removeprefix("^").removesuffix("$").removesuffix("\\Z")
    return _GROUP.sub(lambda match: "{" + (match[1] or match[2]) + "}", text)


def _methods(view: Any) -> list[str]:
    if hasattr(view, "actions"):  # a viewset
        return [verb.upper() for verb in view.actions if verb in _VERBS]
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if kind is not None:
        return [verb.upper() for verb in _VERBS if hasattr(kind, verb)]
    return ["GET", "POST"]
