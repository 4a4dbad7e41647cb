"""`apply` refuses what it cannot carry out: every fault at once, each with its file, its line and what to do."""

from itertools import pairwise
from pathlib import Path

import pytest

from accounts.models import ApiKey, Team, User
from alerts.models import Integration
from core import clock
from tests.config.applying import Files

pytestmark = pytest.mark.django_db

KNOWN = """
users: [{username: ada}, {username: ben}]
teams: [{name: platform}]
services: [{name: db, team: platform}]
schedules: [{name: primary, time_zone: UTC}]
"""
KEY = "k" * 32

# One file of cases, so that they read as the files they are.
_TOLD = "  #! "


def _cases() -> dict[str, str]:
    text = Path(__file__).with_name("refusals.yaml").read_text()
    return {name: case.strip("\n") for name, _, case in (part.partition("\n") for part in text.split("### ")[1:])}


CASES = _cases()


@pytest.mark.parametrize("name", CASES)
def test_it_refuses(name: str, files: Files) -> None:
    files.apply(KNOWN)
    expected = [
        f"1.yaml:{number}: {line.partition(_TOLD)[2]}"
        for number, line in enumerate(CASES[name].splitlines(), start=1)
        if _TOLD in line
    ]

    told = files.refusal(CASES[name])

    assert expected
    assert [_cut(line, like) for line, like in zip(told, expected, strict=True)] == expected


def _cut(line: str, like: str) -> str:
    return line[: len(like) - 1] + "…" if like.endswith("…") else line


def test_every_fault_is_told_at_once_in_the_order_of_the_lines(files: Files) -> None:
    lines = files.refusal(
        "users:\n  - {username: ada, role: boss, time_zone: Mars/Base}\nteams:\n  - {name: t, members: [eve]}",
        "servics: []",
    )

    assert [line.split(": ")[0] for line in lines] == ["1.yaml:2", "1.yaml:2", "1.yaml:4", "2.yaml:1"]


def test_what_is_wrong_with_an_object_is_not_told_again_by_those_that_name_it(files: Files) -> None:
    lines = files.refusal("users: [{username: ada, role: boss}]\nteams: [{name: t, members: [ada]}]")

    assert len(lines) == 1


def test_nothing_is_written_where_anything_is_wrong(files: Files) -> None:
    files.refusal("teams: [{name: fine}]", "teams: [{name: wrong, members: [nobody]}]")

    assert not Team.objects.exists()
    assert not User.objects.exists()


def test_the_key_of_another_integration_is_refused(files: Files) -> None:
    files.apply(KNOWN, f"integrations: [{{name: one, source: generic, key: {KEY}, routes: [{{service: db}}]}}]")

    lines = files.refusal(f"integrations: [{{name: two, source: generic, key: {KEY}, routes: [{{service: db}}]}}]")

    assert lines == ['1.yaml:1: this key is already that of the integration "one"']
    assert Integration.objects.count() == 1


def test_a_revoked_api_key_does_not_come_back_to_life(files: Files) -> None:
    text = f"api_keys: [{{name: ci, user: ada, key: {KEY}}}]"
    files.apply(KNOWN, text)
    ApiKey.objects.update(revoked_at=clock.now())

    lines = files.refusal(text)

    assert lines == ['1.yaml:1: the api key "ci" was revoked or has expired; use another name']


def test_a_contact_method_that_rules_still_use_cannot_go(files: Files) -> None:
    files.apply(
        "users: [{username: ada, contact_methods: [{name: mail, channel: email, address: a@example.com}],"
        " notification_rules: {low: [{after: 0s, use: mail}]}}]"
    )

    lines = files.refusal("users: [{username: ada, contact_methods: []}]")

    assert lines == ['1.yaml:1: the rules of "ada" use "mail", which is none of the contact methods']


# Each line names the one before it nine times.
_BILLION = b"a: &a [x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (now, now, b", ".join([b"*%c" % before] * 9)) for before, now in pairwise(b"abcdefgh")
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: b\nteams: [", "2: is not YAML"),
        (b"teams:\n  - {name: \xff}", "2: is not UTF-8 text"),
        (b"a: b\n\x01", "2: holds a character that YAML does not allow"),
        (b"[" * 500, "1: is nested deeper than 50 levels"),
        (b"a: &a [*a]", "1: is nested deeper than 50 levels"),
        (b"? [x]\n: y", "1: a key must be plain text"),
        (b"- x", "1: must be a mapping"),
        (b"teams: {}", '1: "teams" must be a list'),
        (b"a: 1\n---\nb: 2", "is not YAML"),
        (_BILLION, "holds more than 200000 values"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_line(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)

    lines = Files(tmp_path).refused(path)

    assert sentence in lines[0]
    assert lines[0].startswith("bad.yaml:")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert Files(tmp_path).refused(tmp_path / "gone.yaml") == ["gone.yaml:1: cannot be read: No such file or directory"]


@pytest.mark.parametrize("change", ["role: manager", "active: false"])
@pytest.mark.parametrize("plan", [False, True])
def test_the_last_admin_stays(files: Files, change: str, plan: bool) -> None:
    files.apply("users: [{username: ada, role: admin}, {username: ben}]")

    lines = files.refusal(f"users: [{{username: ada, {change}}}]", options=["--plan"] if plan else [])

    assert lines == ['1.yaml:1: "ada" is the last admin: make somebody else an admin']
    assert User.objects.admins().get().username == "ada"


def test_an_admin_may_hand_over_to_another(files: Files) -> None:
    files.apply("users: [{username: ada, role: admin}, {username: ben}]")

    files.apply("users: [{username: ada, role: responder}, {username: ben, role: admin}]")

    assert User.objects.admins().get().username == "ben"
