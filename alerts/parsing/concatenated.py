"""Mends JSON that somebody put together from pieces of text: quotes within texts, values without any, macros. Pure.

Scripts and templates of senders do so, and what they break is most often the alert that matters. A quote ends a text
only where what follows could stand after one; what is no value is text.
"""

import json
import re

LARGEST = 256 * 1024
_DEEPEST = 64

_SPACE = re.compile(r"\s*+")
# What may follow the quote that ends a text: the name of the next member, or the end of what the text lies in.
_AFTER_VALUE = {
    "{": re.compile(r'\s*+(?:,\s*+"[^"\n]{0,200}"\s*+:|(?:,\s*+)?\}\s*+(?:[,}\]]|\Z))'),
    "[": re.compile(r'\s*+(?:,\s*+["{\[\d-]|,\s*+(?:true|false|null)\b|(?:,\s*+)?\]\s*+(?:[,}\]]|\Z))'),
}
_AFTER_NAME = re.compile(r"\s*+:")
_QUOTE = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NAME = r"[$#]?[A-Za-z_][\w.]*+"
_BARE = re.compile(
    rf"\{{\{{\{{{_NAME}\}}\}}\}}|\{{\{{{_NAME}\}}\}}|\{{{_NAME}\}}"  # {{{name}}}, {{name}}, {name}
    r"|\$\{[^}\n]{0,200}\}|[^,\[\]{}\"\n]+"
)
_LITERAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class _Beyond(Exception):
    """Not even with good will."""


def mended(text: str) -> str | None:
    """Sound JSON that says what the text was meant to; None where nobody can tell."""
    text = text.strip()
    if len(text) > LARGEST or text[:1] not in ("{", "["):
        return None
    try:
        return _Mender(text).whole()
    except _Beyond:
        return None


class _Mender:
    """One pass from the left; what was read is not looked at again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> str:
        made = self._members(self._text[0])  # `{name}` is a macro only where a value stands
        self._skip()
        if self._at != len(self._text):
            raise _Beyond
        return made

    def _value(self, within: str) -> str:
        self._skip()
        start = self._text[self._at : self._at + 1]
        if start == '"':
            return self._quoted(_AFTER_VALUE[within])
        bare = _BARE.match(self._text, self._at)
        if bare is not None:
            self._at = bare.end()
            found = bare[0].strip()
            return found if _LITERAL.fullmatch(found) else json.dumps(found)
        if start in ("{", "["):
            return self._members(start)
        return "null"

    def _members(self, opening: str) -> str:
        closing = "}" if opening == "{" else "]"
        self._at += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Beyond
        members: list[str] = []
        while True:
            self._skip()
            if self._take(closing):
                self._depth -= 1
                return opening + ",".join(members) + closing
            members.append(self._member() if opening == "{" else self._value("["))
            self._skip()
            if not self._take(",") and self._text[self._at : self._at + 1] != closing:
                raise _Beyond

    def _member(self) -> str:
        if self._text[self._at : self._at + 1] != '"':
            raise _Beyond
        name = self._quoted(_AFTER_NAME)
        self._skip()
        if not self._take(":"):
            raise _Beyond
        return f"{name}:{self._value('{')}"

    def _quoted(self, after: re.Pattern[str]) -> str:
        """A text from its opening quote; quotes in it that end nothing are part of it."""
        parts: list[str] = []
        self._at += 1
        while (piece := _QUOTE.match(self._text, self._at)) is not None:
            self._at = piece.end()
            parts.append(piece[0][:-1])
            if after.match(self._text, self._at):
                return json.dumps('"'.join(_plain(part) for part in parts))
        raise _Beyond

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at

    def _take(self, mark: str) -> bool:
        if self._text[self._at : self._at + 1] != mark:
            return False
        self._at += 1
        return True


def _plain(part: str) -> str:
    """A piece of text without its escapes. A backslash that escapes nothing is one."""
    return _ESCAPE.sub(_unescaped, part)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code in _ESCAPES:
        return _ESCAPES[code]
    return chr(int(code[1:], 16)) if len(code) == 5 else found[0]
