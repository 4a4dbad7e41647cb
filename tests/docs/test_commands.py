"""Every command in README and docs runs, in the order of its page, against a running installation."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import fakes
from tests.docs.pages import ROOT, Block, all_blocks, blocks
from tests.fakes import Carriers
from tests.fakes.waiting import wait_for
from tests.stack import Stack, new_database

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300), pytest.mark.xdist_group("docs")]

# Lines that are not run here, and what runs them instead.
ELSEWHERE = {
    r"(?:EMAIL_URL=\S+ DEFAULT_FROM_EMAIL=\S+ )?make run\b.*": "tests/up/test_up.py",
    r"make (?:test|check|help)\b.*": ".ci/run",
    r"export (?:PUBLIC_URL|SLACK_|TWILIO_)\S*=\S+": "tests/flows/conftest.py",
    r"docker compose .*": "tests/docs/test_commands.py",
    r"git pull": ".ci/run",
}
_SKIPPED = re.compile("|".join(f"(?:{pattern})" for pattern in ELSEWHERE))
SHELL = [each for each in all_blocks() if each.language == "sh"]
FIRST = "docs/start/first-page.md"
PAGES = sorted({each.page for each in SHELL if _SKIPPED.sub("", each.text).strip()} - {FIRST})
_CURL = 'curl() { command curl --silent --show-error --fail-with-body --max-time 30 "$@"; }\n'
_READER = """
users: [{username: admin, email: admin@example.com}]
api_keys: [{name: docs, user: admin, scope: admin, key: %s}]
"""


@pytest.fixture(scope="module")
def carriers() -> Iterator[Carriers]:
    with fakes.start() as carriers:
        yield carriers


@pytest.fixture(scope="module")
def stack(carriers: Carriers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """What `make run` leaves running, with the demo; its data folder is the readers' `var`."""
    with Stack(
        tmp_path_factory.mktemp("var"),
        database_url=new_database(os.environ["TOCSIN_TEST_DATABASE_URL"]),
        redis_url=os.environ["REDIS_URL"],
        environment={**carriers.environment, "TOCSIN_DEMO": "1"},
    ) as stack:
        carriers.point_at(stack.url)
        stack.apply(_READER % _key(stack))
        stack.start("web", "worker")
        yield stack


def test_the_first_page_tells_the_truth(stack: Stack, tmp_path: Path) -> None:
    """Before the others: the examples of all sources, sent in a minute to one service, are a storm."""
    test_the_commands_of_a_page_work(FIRST, stack, tmp_path)

    def incidents() -> dict[str, str]:
        with stack.api(_key(stack)) as api:
            return {each["title"]: each["status"] for each in api.get("incidents/").json()["results"]}

    wait_for(lambda: incidents().get("Disk almost full on db-1") == "triggered", 20, "the first incident")
    wait_for(lambda: incidents().get("Replica is behind") == "resolved", 20, "the second to be over")


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work(page: str, stack: Stack, tmp_path: Path) -> None:
    folder = readers_folder(tmp_path, stack)
    environment = {
        **stack.environment,
        "TOCSIN_URL": stack.url,
        "TOCSIN_KEY": _key(stack),
        "KEY": (stack.folder / "demo_key").read_text().strip(),
    }

    for block in blocks(page):
        if block.file and block.language == "yaml":
            (folder / block.file).write_text(block.text)
        elif block.language == "sh":
            run(block, folder, environment, stack.url)


def test_what_is_run_elsewhere_is_there_and_still_in_the_docs() -> None:
    lines = [line for block in SHELL for line in block.text.splitlines()]

    for pattern, runner in ELSEWHERE.items():
        assert (ROOT / runner).exists(), runner
        assert any(re.fullmatch(pattern, line) for line in lines), pattern


@pytest.mark.parametrize(
    "line", sorted({line for each in SHELL for line in each.text.splitlines() if "docker " in line})
)
def test_commands_of_docker_compose_name_what_there_is(line: str) -> None:
    composition = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    words = re.split(" [<>] ", line)[0].split()

    assert words[:2] == ["docker", "compose"]
    assert words[2] in {"up", "logs", "exec", "build", "down", "pull"}
    named = [word for word in words[3:] if not word.startswith("-") and "=" not in word]
    if words[2] in {"exec", "logs"}:
        assert named[0] in composition["services"]
    for scaled in re.findall(r"--scale (\w+)=", line):
        assert scaled in composition["services"]
    if "manage.py" in words:
        command = words[words.index("manage.py") + 1]
        assert (ROOT / "config" / "management" / "commands" / f"{command}.py").exists()


def readers_folder(folder: Path, stack: Stack) -> Path:
    """Where a reader stands: the project's folder, but for what she writes into it."""
    for name in ("manage.py", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "var").symlink_to(stack.folder)
    return folder


def run(block: Block, folder: Path, environment: dict[str, str], url: str) -> None:
    """Run a block as one script; AssertionError with its words where a command fails."""
    text = "\n".join(line for line in block.text.splitlines() if not _SKIPPED.fullmatch(line))
    text = text.replace("http://127.0.0.1:8000", url).replace("https://tocsin.example.com", url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=_CURL + text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{block}\n{text}\n{done.stdout}\n{done.stderr}"


def _key(stack: Stack) -> str:
    return f"only-for-tests-of-the-docs-{stack.port:05d}"
