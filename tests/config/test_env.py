"""Which address a process believes it has."""

import json
from pathlib import Path

import pytest

from config import env


@pytest.fixture
def beside_a_running_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runtime.json").write_text(json.dumps({"public_url": "http://127.0.0.1:8311"}))
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path))
    for name in ("PUBLIC_URL", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("beside_a_running_one")
def test_a_command_takes_the_address_of_the_running_installation() -> None:
    assert env.public_url() == "http://127.0.0.1:8311"


@pytest.mark.usefixtures("beside_a_running_one")
def test_what_the_environment_says_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert env.public_url() == "http://127.0.0.1:9000"

    monkeypatch.setenv("PUBLIC_URL", "https://tocsin.example/")
    assert env.public_url() == "https://tocsin.example"


@pytest.mark.usefixtures("beside_a_running_one")
def test_an_installation_that_starts_does_not_inherit_the_last_ones_address() -> None:
    assert env.given_url() == "http://127.0.0.1:8000"


def test_a_file_is_named_by_either_form_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "TOCSIN_SMTP_IN_CERTIFICATE"
    unset = env.file(name)
    monkeypatch.setenv(f"{name}_FILE", "/run/secrets/chain.pem")
    as_secret = env.file(name)
    monkeypatch.setenv(name, "/etc/tls/chain.pem")

    assert (unset, as_secret, env.file(name)) == (None, Path("/run/secrets/chain.pem"), Path("/etc/tls/chain.pem"))


def test_a_word_that_is_none_of_the_known_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMTP_IN_TLS", "always")

    with pytest.raises(SystemExit, match="one of offered, required, not 'always'"):
        env.one_of("TOCSIN_SMTP_IN_TLS", ["offered", "required"])


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("redis://127.0.0.1:6379", 0),
        ("redis://:secret@127.0.0.1:6379/2", 2),
        ("rediss://redis.example/3?ssl_cert_reqs=none", 3),
        ("unix:///run/valkey.sock?db=4", 4),
        ("unix:///run/valkey.sock", 0),
    ],
)
def test_an_address_of_redis_names_one_of_its_databases(url: str, number: int) -> None:
    assert env.redis_number(url) == number
