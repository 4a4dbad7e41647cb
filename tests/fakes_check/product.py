"""A stand-in for Tocsin: checks signatures with the vendors' own validators and remembers what it was told."""

import json
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

from tests.fakes.carriers import Secrets
from tests.fakes.serving import Reply, Request, Server

PUBLIC_URL = "https://tocsin.example"
VOICE = """<Response><Gather action="key/" numDigits="1"><Say>Replica lag. Press 1 to acknowledge.</Say></Gather>
<Say>Goodbye.</Say></Response>"""
PAGE = """<p>Replica lag</p>
<form method="post" action="/take/">
<input type="hidden" name="csrfmiddlewaretoken" value="c1">
<button name="move" value="acknowledge">Acknowledge</button>
<button name="move" value="resolve">Resolve</button>
</form>"""


class Product:
    def __init__(self) -> None:
        self.secrets = Secrets()
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.signatures: list[bytes] = []
        self.server = Server(self.answer)

    def told(self, path: str) -> list[dict[str, str]]:
        return [fields for method, where, fields in self.seen if method == "POST" and where == path]

    @property
    def visits(self) -> list[str]:
        return [path for method, path, _ in self.seen if method == "GET"]

    def answer(self, request: Request) -> Reply:
        fields = {name: values[-1] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        if not self._is_genuine(request, fields):
            return Reply(403)
        self.seen.append((request.method, request.path, fields))
        match request.method, request.path:
            case "GET", "/old/":
                return Reply(302, headers={"Location": "/page/"})
            case "GET", "/page/":
                return Reply(200, PAGE.encode(), {"Set-Cookie": "csrftoken=c1; Path=/", "Content-Type": "text/html"})
            case "POST", "/take/":
                is_safe = "csrftoken=c1" in request.headers.get("Cookie", "") and fields["csrfmiddlewaretoken"] == "c1"
                return Reply(200 if is_safe else 403)
            case "POST", "/twilio/voice/":
                return Reply(200, VOICE.encode(), {"Content-Type": "text/xml"})
            case "POST", "/twilio/voice/key/":
                twiml = (
                    f"<Response><Say>You pressed {fields['Digits']}.</Say><Hangup/><Say>Never heard.</Say></Response>"
                )
                return Reply(200, twiml.encode(), {"Content-Type": "text/xml"})
            case "POST", "/twilio/sms/":
                return Reply(
                    200, b"<Response><Message>Acknowledged.</Message></Response>", {"Content-Type": "text/xml"}
                )
        return Reply(200)

    def _is_genuine(self, request: Request, fields: dict[str, str]) -> bool:
        if request.path.startswith("/slack/"):
            return SignatureVerifier(self.secrets.slack_signing_secret).is_valid_request(
                request.body, dict(request.headers.items())
            )
        if request.path.startswith("/twilio/"):
            url = PUBLIC_URL + request.path + (f"?{_query(request)}" if request.query else "")
            signature = request.headers.get("X-Twilio-Signature", "")
            validator = RequestValidator(self.secrets.twilio_auth_token)
            return bool(validator.validate(url, fields, signature))
        return True


def _query(request: Request) -> str:
    return "&".join(f"{name}={value}" for name, values in request.query.items() for value in values)


def payload(fields: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(fields["payload"])
    return found
