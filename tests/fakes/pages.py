"""Links and forms of HTML and of plain texts, as a person's eye or a link scanner finds them."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

_URL = re.compile(r"https?://[^\s<>\"')\]]+")


@dataclass(frozen=True)
class Link:
    text: str
    url: str


@dataclass
class Form:
    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # text, name, value

    def pressed(self, label: str) -> dict[str, str] | None:
        """The fields this form sends when the button with `label` is pressed; None if it has no such button."""
        for text, name, value in self.buttons:
            if label.lower() in text.lower():
                return self.fields | ({name: value} if name else {})
        return None

    def target(self, page: str) -> str:
        return urljoin(page, self.action)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self._href: str | None = None
        self._button: tuple[str, str] | None = None
        self._said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "a" and named.get("href", "").startswith("http"):
            self._href, self._said = named["href"], []
        elif tag == "form":
            self.forms.append(Form(named.get("action", ""), named.get("method", "get").lower()))
        elif tag == "button":
            self._button, self._said = (named.get("name", ""), named.get("value", "")), []
        elif tag == "input" and self.forms:
            if named.get("type") == "submit":
                shown = named.get("value", "")
                self.forms[-1].buttons.append((shown, named.get("name", ""), shown))
            elif named.get("name"):
                self.forms[-1].fields[named["name"]] = named.get("value", "")

    def handle_data(self, data: str) -> None:
        self._said.append(data)

    def handle_endtag(self, tag: str) -> None:
        said = " ".join("".join(self._said).split())
        if tag == "a" and self._href:
            self.links.append(Link(said, self._href))
            self._href = None
        elif tag == "button" and self._button and self.forms:
            self.forms[-1].buttons.append((said, *self._button))
            self._button = None


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def forms(html: str) -> list[Form]:
    return _read(html).forms


def links(html: str, text: str) -> list[Link]:
    """Each address once: from HTML with the link's own text, from a plain text with the words before it."""
    found = {link.url: link for link in reversed(_read(html).links)}
    for link in _links_in_text(text):
        found.setdefault(link.url, link)
    return list(found.values())


def _links_in_text(text: str) -> list[Link]:
    found = []
    words = ""
    for line in text.splitlines():
        match = _URL.search(line)
        if match:
            # An address alone on its line belongs to the words above it.
            found.append(Link(line[: match.start()].strip() or words, match[0].rstrip(".,;")))
        elif line.strip():
            words = line.strip()
    return found
