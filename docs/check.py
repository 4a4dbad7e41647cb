"""Checks that every link from one of our pages to another, or to a heading in it, leads somewhere."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_SOURCE = re.compile(r"<(?:img|source|a)\b[^>]*?(?:src|srcset|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def main() -> int:
    """Print what is broken; 1 if anything is."""
    pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    broken = [f"{page.relative_to(ROOT)}: {problem}" for page in pages for problem in _broken_links(page)]
    for line in broken:
        sys.stderr.write(f"{line}\n")
    return 1 if broken else 0


def _broken_links(page: Path) -> Iterator[str]:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    for target in [*_LINK.findall(text), *_SOURCE.findall(text)]:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # another site's pages are not ours to check
        name, _, anchor = target.partition("#")
        goal = page if not name else (page.parent / name).resolve()
        if not goal.exists():
            yield f"there is no {target}"
        elif anchor and goal.suffix == ".md" and anchor not in _anchors(goal):
            yield f"{goal.relative_to(ROOT)} has no heading for #{anchor}"


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = _HEADING.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


if __name__ == "__main__":
    sys.exit(main())
