"""The fenced blocks of README and docs: what readers copy into a terminal or a file."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block. `file` is the name behind the language: the reader saves it under that."""

    page: str
    line: int
    language: str
    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page, relative to the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def blocks(page: str) -> list[Block]:
    """The fenced blocks of one page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    made = []
    for match in _FENCE.finditer(text):
        language, _, file = match["info"].strip().partition(" ")
        made.append(Block(page, text.count("\n", 0, match.start()) + 1, language, file, match["text"]))
    return made


def all_blocks() -> list[Block]:
    """Those of every page."""
    return [block for page in pages() for block in blocks(page)]
