"""The API describes itself, and the description shows in the browser."""

import re
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import Client, RequestFactory

from config import refusals

FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.yaml"


def test_the_description_in_the_docs_is_that_of_the_code() -> None:
    output = StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=output)

    assert output.getvalue().strip() == FILE.read_text().strip(), "The API has changed: run `make openapi`."


def test_every_operation_says_how_it_refuses_and_what_it_does() -> None:
    description = yaml.safe_load(FILE.read_text())

    operations = [(path, method, each) for path, its in description["paths"].items() for method, each in its.items()]
    assert operations
    for path, method, each in operations:
        assert each.get("summary"), f"{method} {path} has no summary"
        assert {"401", "403"} <= set(each["responses"]), f"{method} {path}"


@pytest.mark.django_db
def test_anybody_may_read_the_description() -> None:
    response = Client().get("/api/schema/")

    assert response.status_code == 200
    assert yaml.safe_load(response.content)["openapi"].startswith("3.")


@pytest.mark.django_db
def test_the_docs_page_keeps_to_our_content_security_policy() -> None:
    page = Client().get("/api/docs/")

    html = page.content.decode()
    scripts = re.findall(r"<script[^>]*>", html)
    assert page.status_code == 200
    assert "<style" not in html
    assert len(scripts) == 3
    assert all('src="/' in each for each in scripts)
    assert "script-src 'self'" in page["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', html):
        file = Client().get(address)
        assert file.status_code == 200, address
        assert file.getvalue(), address


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/teams/", "application/json"), ("/incidents/", "text/html")])
def test_our_own_failure_has_the_shape_of_the_place_it_happened_in(path: str, kind: str) -> None:
    request = RequestFactory().get(path)

    answer = refusals.server_error(request)

    assert answer.status_code == 500
    assert answer["Content-Type"].startswith(kind)


@pytest.mark.django_db
def test_a_host_we_do_not_answer_to_is_refused_in_json() -> None:
    response = Client(headers={"Host": "evil.example"}).get("/api/v1/teams/")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"
