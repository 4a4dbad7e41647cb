"""`apply` makes the database hold what the files say, by name, and says what it changes."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.api_keys import hashed
from accounts.models import ApiKey, Membership, Role, Team, User
from alerts.models import Integration
from catalog.models import Service
from escalation.models import Coverage, PolicyVersion
from notifications.models import ContactMethod, NotificationRule
from oncall.models import Override, Rotation
from tests.config.applying import WHOLE, Files

pytestmark = pytest.mark.django_db

PEOPLE = """
    users: [{username: ada}, {username: ben}, {username: eve, role: manager}]
    teams: [{name: platform, members: [ada, ben]}]
"""


def test_everything_of_the_example_arrives(files: Files) -> None:
    files.apply(WHOLE.read_text())

    ada = User.objects.get(username="ada")
    assert ada.check_password("correct horse battery staple")
    assert ada.time_zone == "Europe/Berlin"
    assert [(rule.after, rule.contact_method.name) for rule in ada.notification_rules.filter(urgency="high")] == [
        (timedelta(0), "slack"),
        (timedelta(minutes=1), "mobile"),
    ]
    assert all(method.is_verified for method in ContactMethod.objects.all())
    rotation = Rotation.objects.get()
    assert (rotation.every_count, rotation.every_unit, str(rotation.start_date), str(rotation.handoff_time)) == (
        1,
        "w",
        "2026-01-05",
        "09:00:00",
    )
    override = Override.objects.get()
    assert override.start_at == datetime(2026, 12, 24, 8, tzinfo=UTC)  # 09:00 in Berlin's winter
    version = PolicyVersion.objects.get()
    assert version.repeat == 2
    assert [step.wait for step in version.steps.all()] == [timedelta(minutes=5), timedelta(minutes=10)]
    assert Coverage.objects.get(service__name="checkout").policy == version.policy
    integration = Integration.objects.get()
    assert integration.group_by == ["alertname", "service"]
    assert [route.condition for route in integration.routes.all()] == ['labels.service == "checkout"', ""]
    assert ApiKey.objects.get().scope == "write"


def test_the_answer_holds_working_keys_and_addresses(files: Files) -> None:
    answer = files.apply(WHOLE.read_text())

    assert set(answer) == {"integrations", "api_keys", "changes"}
    key = answer["integrations"]["prometheus"]["key"]
    assert answer["integrations"]["prometheus"]["url"] == f"http://127.0.0.1:8000/integrations/alertmanager/{key}/"
    assert Integration.objects.get(key_hash=hashed(key)).name == "prometheus"
    assert ApiKey.objects.get(key_hash=hashed(answer["api_keys"]["ci"])).name == "ci"


def test_a_second_time_changes_nothing_and_shows_no_key(files: Files) -> None:
    files.apply(WHOLE.read_text())

    again = files.apply(WHOLE.read_text())

    assert again["changes"] == []
    assert again["api_keys"] == {}
    assert again["integrations"] == {"prometheus": {"url": "http://127.0.0.1:8000/integrations/alertmanager/<key>/"}}


def test_json_does_as_well_as_yaml(files: Files) -> None:
    files.apply('{\n\t"teams": [{"name": "caf\\u00e9 \\ud83d\\ude00", "members": []}],\n\t"users": []\n}')

    assert Team.objects.get().name == "café 😀"


def test_a_plan_writes_nothing(files: Files) -> None:
    planned = files.apply(WHOLE.read_text(), plan=True)

    assert {each["action"] for each in planned["changes"]} == {"create"}
    assert planned["api_keys"] == {}
    assert not User.objects.exists()
    assert not Integration.objects.exists()


def test_a_plan_reads_like_one(files: Files) -> None:
    files.apply(PEOPLE, "services: [{name: db, team: platform}]")

    told = files.output(
        "services: [{name: db, team: platform, urgency: low}, {name: web, team: platform}]\nteams: [{name: platform}]",
        options=["--plan"],
    )

    assert told.splitlines() == [
        "~ service db",
        "    urgency: by_severity -> low",
        "+ service web",
        "    team: platform",
        "    urgency: by_severity",
        "1 to create, 1 to change, 1 unchanged.",
    ]


def test_keys_are_told_once_to_people_too(files: Files) -> None:
    told = files.output(WHOLE.read_text())

    assert "Integration prometheus receives at http://127.0.0.1:8000/integrations/alertmanager/" in told
    assert "API key ci: tocsin_" in told
    assert "8 created, 0 changed, 0 unchanged." in told


def test_files_may_name_what_stands_in_another_file_or_in_the_database(files: Files) -> None:
    files.apply(PEOPLE)

    files.apply("services: [{name: db, team: storage}]", "teams: [{name: storage, members: [eve]}]")

    assert Service.objects.get(name="db").team.name == "storage"
    assert Membership.objects.get(team__name="storage").user.username == "eve"


def test_what_a_file_does_not_say_stays_as_it_is(files: Files) -> None:
    files.apply(WHOLE.read_text())

    changes = files.changes("users: [{username: ada, full_name: Ada Lovelace}]")

    ada = User.objects.get(username="ada")
    assert changes == [("change", "user", "ada")]
    assert ada.time_zone == "Europe/Berlin"
    assert ada.check_password("correct horse battery staple")
    assert NotificationRule.objects.filter(user=ada).count() == 3


def test_a_list_is_taken_whole(files: Files) -> None:
    files.apply(WHOLE.read_text())

    files.apply(
        """
        users:
          - username: ada
            contact_methods: [{name: mail, channel: email, address: ada@example.com}]
            notification_rules: {high: [{after: 0s, use: mail}]}
        teams: [{name: platform, members: [ben]}]
        schedules: [{name: platform primary, overrides: []}]
        """
    )

    ada = User.objects.get(username="ada")
    assert [method.name for method in ada.contact_methods.all()] == ["mail"]
    assert [(rule.urgency, rule.contact_method.name) for rule in ada.notification_rules.all()] == [
        ("high", "mail"),
        ("low", "mail"),
    ]
    assert [member.username for member in Team.objects.get().members.all()] == ["ben"]
    assert not Override.objects.exists()
    assert Rotation.objects.get().name == "weekly"


def test_an_address_stays_verified_until_it_is_another(files: Files) -> None:
    mobile = "users: [{username: ada, contact_methods: [{name: mobile, channel: sms, address: %s, verified: true}]}]"
    files.apply(mobile % "'+12025550101'")
    unsaid = mobile.replace(", verified: true", "")

    assert files.changes(unsaid % "'+12025550101'") == []
    files.apply(unsaid % "'+12025550109'")

    assert ContactMethod.objects.get().verified_at is None


def test_a_phone_number_needs_no_quotes_and_a_user_may_be_called_no(files: Files) -> None:
    files.apply("users: [{username: no, contact_methods: [{name: on, channel: sms, address: +4930123456}]}]")

    method = ContactMethod.objects.get()
    assert (method.user.username, method.name, method.address) == ("no", "on", "+4930123456")


def test_a_changed_policy_is_a_new_version_and_the_old_one_stays(files: Files) -> None:
    files.apply(PEOPLE, "escalation_policies: [{name: p, steps: [{notify: [{user: ada}], wait: 5m}]}]")

    details = files.details("escalation_policies: [{name: p, steps: [{notify: [{team: platform}], wait: 300s}]}]")

    assert details == [
        "steps: - {notify: [{user: ada}], wait: 5m}",
        "steps: + {notify: [{team: platform}], wait: 5m}",
    ]
    assert [version.number for version in PolicyVersion.objects.order_by("number")] == [1, 2]


def test_the_same_policy_is_no_new_version(files: Files) -> None:
    policy = "escalation_policies: [{name: p, steps: [{notify: [{user: ada}], wait: 5m}]}]"
    files.apply(PEOPLE, policy)

    files.apply(policy)

    assert PolicyVersion.objects.count() == 1


def test_people_take_turns_in_the_order_of_the_file(files: Files) -> None:
    schedule = """
        schedules:
          - name: s
            rotations: [{name: r, every: 2d, start: "2026-01-05T09:00", people: [%s]}]
    """
    files.apply(PEOPLE, schedule % "ben, ada")

    assert files.changes(schedule % "ben, ada") == []
    assert files.changes(schedule % "ada, ben") == [("change", "schedule", "s")]
    assert [member.user.username for member in Rotation.objects.get().members.all()] == ["ada", "ben"]


def test_a_given_key_is_used_and_can_be_replaced(files: Files) -> None:
    text = """
        services: [{name: db, team: platform}]
        integrations: [{name: i, source: generic, key: %s, routes: [{service: db}]}]
        api_keys: [{name: ci, user: ada, key: %s}]
    """
    first, second = "a" * 32, "b" * 32
    made = files.apply(PEOPLE, text % (first, first[::-1] + "x"))

    replaced = files.apply(text % (second, second + "x"))

    assert made["integrations"]["i"]["key"] == first
    assert replaced["integrations"]["i"]["url"].endswith(f"/integrations/generic/{second}/")
    assert replaced["api_keys"] == {"ci": second + "x"}
    assert [each["details"] for each in replaced["changes"]] == [["key: replaced"], ["key: replaced"]]
    assert bytes(Integration.objects.get().key_hash) == hashed(second)
    assert bytes(ApiKey.objects.get().key_hash) == hashed(second + "x")


def test_passwords_are_hashed_and_set_only_when_they_differ(files: Files) -> None:
    text = "users: [{username: ada, password: correct horse battery staple}]"
    files.apply(text)
    kept = User.objects.get().password

    assert files.changes(text) == []
    assert files.details(text.replace("staple", "stapler")) == ["password: set"]
    assert User.objects.get().check_password("correct horse battery stapler")
    assert kept.startswith("argon2$argon2id$")


def test_somebody_without_a_password_cannot_sign_in_by_one(files: Files) -> None:
    files.apply("users: [{username: ada}]")

    assert not User.objects.get().has_usable_password()


def test_a_policy_can_be_taken_from_a_service(files: Files) -> None:
    files.apply(WHOLE.read_text())

    files.apply("services: [{name: checkout, escalation_policy: null}]")

    assert not Coverage.objects.exists()


def test_anchors_spare_repetition(files: Files) -> None:
    files.apply(
        """
        users:
          - &base {username: ada, role: manager, time_zone: Europe/Berlin}
          - {<<: *base, username: ben, role: viewer}
        """
    )

    ben = User.objects.get(username="ben")
    assert (ben.role, ben.time_zone) == (Role.VIEWER, "Europe/Berlin")


def test_an_empty_file_and_empty_sections_are_nothing(files: Files) -> None:
    assert files.changes("", "# nothing yet\nteams:\nusers: []\n") == []


def test_the_numbers_of_queries_do_not_grow_with_what_is_unchanged(
    files: Files, django_assert_max_num_queries: object
) -> None:
    people = ", ".join(f"{{username: p{number}}}" for number in range(40))
    files.apply(f"users: [{people}]")

    with django_assert_max_num_queries(30):  # type: ignore[operator]  # pytest-django gives its type no name
        files.apply(f"users: [{people}]")


def test_the_command_line_reads_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    piped = tmp_path / "piped"
    piped.write_text("teams: [{name: piped}]")
    output = StringIO()
    with piped.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        call_command("apply", "-", "--json", stdout=output)

    assert json.loads(output.getvalue())["changes"][0]["name"] == "piped"


SECRETIVE = """
    services: [{name: checkout, team: platform}]
    teams: [{name: platform, members: []}]
    integrations: [{name: ci, source: SOURCE, secret: SECRET, routes: [{service: checkout}]}]
"""


def test_a_secret_of_an_integration_is_set_replaced_and_removed(files: Files) -> None:
    def apply(secret: str) -> list[str]:
        text = SECRETIVE.replace("SOURCE", "github").replace("SECRET", secret)
        return [line for line in files.details(text) if "secret" in line]

    told = [apply(secret) for secret in ("correct-horse", "correct-horse", "battery-staple", "null", "null")]

    assert told == [["secret: as given"], [], ["secret: replaced"], ["secret: removed"], []]
    assert not Integration.objects.get().has_secret


@pytest.mark.parametrize(("source", "secret"), [("github", "short"), ("pingdom", "correct-horse")])
def test_a_secret_that_cannot_be_used_is_refused_where_it_stands(files: Files, source: str, secret: str) -> None:
    (line,) = files.refusal(SECRETIVE.replace("SOURCE", source).replace("SECRET", secret))

    assert line.startswith("1.yaml:4:")
    assert "secret" in line
