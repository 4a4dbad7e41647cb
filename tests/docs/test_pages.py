"""The pages hold together: links lead somewhere, the reference is that of the code, the picture is drawn."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from django.core.management import CommandError, call_command
from pytest_django import Settings

from config import reference
from tests.docs.pages import ROOT, Block, all_blocks, pages

BLOCKS = all_blocks()


def test_every_link_leads_somewhere() -> None:
    checked = subprocess.run([sys.executable, "docs/check.py"], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert checked.returncode == 0, checked.stderr


def test_the_reference_is_that_of_the_code() -> None:
    assert reference.outdated() == [], "Run `make openapi`."


def test_an_outdated_reference_is_told_and_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = reference.FOLDER
    elsewhere = settings.BASE_DIR / ".venv" / "reference-of-tests"
    monkeypatch.setattr(reference, "FOLDER", elsewhere)
    output = StringIO()
    try:
        with pytest.raises(CommandError, match=r"environment\.md"):
            call_command("reference", "--check")
        call_command("reference", stdout=output)

        assert reference.outdated() == []
        assert (elsewhere / "channels.md").read_text() == (folder / "channels.md").read_text()
    finally:
        for file in elsewhere.glob("*.md"):
            file.unlink()
        elsewhere.rmdir()


def test_every_page_is_reached_from_the_readme() -> None:
    """By links from page to page, as a reader would."""
    seen, waiting = set[str](), ["README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        text = (ROOT / page).read_text()
        waiting += [other for other in set(pages()) - seen if f"({_from(page, other)}" in text]

    assert set(pages()) - seen == set()


def _from(page: str, other: str) -> str:
    return os.path.relpath(other, Path(page).parent)


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.language == "yaml"], ids=str)
def test_every_piece_of_yaml_is_yaml(block: Block) -> None:
    assert {type(each) for each in yaml.safe_load_all(block.text)} == {dict}


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.language == "sh"], ids=str)
def test_every_command_can_be_read_by_a_shell(block: Block) -> None:
    read = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, timeout=20)

    assert read.returncode == 0, read.stderr


def test_every_block_says_what_it_is() -> None:
    assert [str(each) for each in BLOCKS if each.language not in {"sh", "text", "yaml", "python"}] == []


def test_the_picture_is_a_picture() -> None:
    root = ElementTree.parse(ROOT / "docs" / "img" / "how-it-works.svg").getroot()  # noqa: S314

    assert root.tag.endswith("svg")
    assert root.find("{http://www.w3.org/2000/svg}title") is not None


def test_every_file_that_a_page_names_is_there() -> None:
    named = {
        (page, name)
        for page in pages()
        for name in re.findall(r"`([a-z_]+/[\w./]+\.(?:py|yaml|yml))`", (ROOT / page).read_text())
    }

    assert named
    assert [(page, name) for page, name in sorted(named) if not (ROOT / name).exists()] == []
