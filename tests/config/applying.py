"""Runs `apply` on texts, as its users do on files."""

import json
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.management import call_command

WHOLE = Path(__file__).with_name("whole.yaml")


class Files:
    """A folder of configuration files, and the commands run on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def apply(self, *texts: str, plan: bool = False) -> dict[str, Any]:
        """What `apply --json` answers for files with these texts."""
        answer: dict[str, Any] = json.loads(self.output(*texts, options=["--json", *(["--plan"] if plan else [])]))
        return answer

    def changes(self, *texts: str, plan: bool = False) -> list[tuple[str, str, str]]:
        """What was (or would be) made or changed."""
        return [(each["action"], each["kind"], each["name"]) for each in self.apply(*texts, plan=plan)["changes"]]

    def details(self, *texts: str) -> list[str]:
        """The lines of all that was changed."""
        return [line for each in self.apply(*texts)["changes"] for line in each["details"]]

    def output(self, *texts: str, options: list[str] | None = None) -> str:
        """What `apply` prints for files with these texts."""
        output = StringIO()
        call_command("apply", *self._written(texts), *(options or []), stdout=output)
        return output.getvalue()

    def refusal(self, *texts: str, options: list[str] | None = None) -> list[str]:
        """The lines with which `apply` refuses, without the folder's name."""
        return self.refused(*self._written(texts), *(options or []))

    def refused(self, *paths: Path | str) -> list[str]:
        """The same for files that are there already."""
        errors = StringIO()
        with pytest.raises(SystemExit) as leaving:
            call_command("apply", *map(str, paths), stderr=errors)
        assert leaving.value.code == 1
        return errors.getvalue().replace(f"{self._folder}/", "").splitlines()

    def _written(self, texts: tuple[str, ...]) -> list[str]:
        paths = []
        for number, text in enumerate(texts, start=1):
            path = self._folder / f"{number}.yaml"
            path.write_text(dedent(text))
            paths.append(str(path))
        return paths


def exported() -> str:
    """What `export` prints."""
    output = StringIO()
    call_command("export", stdout=output)
    return output.getvalue()
