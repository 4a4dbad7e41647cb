"""Keys that stand in URLs reach no log, wherever the sender's path has them."""

import logging
import sys

import pytest

from alerts.integrations import keys
from config import logs

KEY = keys.new_key()
LONG = "my-own_key-" * 10


@pytest.mark.parametrize("key", [KEY, LONG, KEY[:-4], f"%{ord(KEY[0]):02x}{KEY[1:]}"], ids=["made", "own", "cut", "%"])
@pytest.mark.parametrize(
    "path",
    [
        "/integrations/alertmanager/{}/",
        "/integrations/elasticsearch_watcher/{}/",
        "/integrations/generic/{}",
        "/integrations/{}",
        "/integrations/{}/",
        "//integrations//generic//{}//",
        "/integrations/generic/{}/?a=b",
        "/integrations/generic/{}/more/and/more",
        "/integrations/v1/grafana_alerting/{}/",
        "/integrations/v1/grafana_alerting/{}/x",
        "/integrations/generic/20131114/alert/{}/team",
        "/alertmanager/{}/api/v2/alerts",
        "/alertmanager/{}/api/v2/silences",
        "/alertmanager/{}",
        "/integrations/generic/{}/ and /integrations/generic/{}/",
    ],
)
def test_a_key_is_blanked_and_nothing_else(path: str, key: str) -> None:
    before, after = "GET http://127.0.0.1:8000", " 404"

    assert logs.scrub(f"{before}{path.format(key, key)}{after}") == f"{before}{path.format('***', '***')}{after}"


def test_other_addresses_stay_as_they_are() -> None:
    for path in ("/api/v1/integrations/5/new-key/", f"/static/{KEY}.js", "/incidents/7/"):
        assert logs.scrub(path) == path


def test_a_traceback_is_without_keys_too() -> None:
    try:
        int(f"/integrations/generic/{KEY}/")
    except ValueError:
        args = ("django", logging.ERROR, __file__, 1, "At %s", (f"/alertmanager/{KEY}/",))
        record = logging.LogRecord(*args, sys.exc_info())

    text = logs.Lines("%(message)s").format(record)

    assert text.startswith("At /alertmanager/***/\nTraceback")
    assert KEY not in text


def test_fields_within_fields_are_without_keys_too() -> None:
    fields = {"at": 7, "level": "info", "event": "refused", "request": {"path": f"/integrations/generic/{KEY}/"}}

    shown = logs.line(None, "info", fields)

    assert shown == "at=7 level='info' event='refused' request={'path': '/integrations/generic/***/'}"
