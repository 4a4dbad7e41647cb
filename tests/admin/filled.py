"""Fills in the form of an admin page as a browser would: every input with what it shows, and then what is wished."""

import re
from html.parser import HTMLParser

from django.test import Client

Values = dict[str, str | list[str]]


def filled(client: Client, url: str) -> Values:
    """What posting the page's form unchanged would send."""
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    reader = _Form()
    reader.feed(answer.content.decode())
    return {
        name: [value for value in values if value] if name in reader.multiple else values[0]
        for name, values in reader.values.items()
    }


def complaints(page: bytes) -> list[str]:
    """The texts of an admin page that say what is wrong."""
    text = re.sub(r"\s+", " ", page.decode())
    return re.findall(r'class="[^"]*text-red-(?:600|700)[^"]*"[^>]*>\s*(?:<[^>]+>\s*)*([^<]{3,}?)\s*<', text)


class _Form(HTMLParser):
    """Reads the inputs of every form of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.values: dict[str, list[str]] = {}
        self.multiple: set[str] = set()
        self._select: str | None = None
        self._options: list[str] = []
        self._chosen: list[str] = []
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name:
            self._input(name, given)
        elif tag == "select":
            self._select, self._options, self._chosen = name, [], []
            if "multiple" in given:
                self.multiple.add(name)
        elif tag == "option" and self._select:
            self._options.append(given.get("value", ""))
            if "selected" in given:
                self._chosen.append(given.get("value", ""))
        elif tag == "textarea" and name:
            self._textarea = name
            self.values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            first = [] if self._select in self.multiple else self._options[:1]
            self.values[self._select] = self._chosen or first or [""]
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea][0] += data

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in {"submit", "button", "file"} or (kind in {"checkbox", "radio"} and "checked" not in given):
            return
        self.values.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))
