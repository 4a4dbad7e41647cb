"""What a person needs to begin, printed when everything runs."""

import json
from typing import Any


def greeting(public_url: str, answer: bytes) -> str:
    """The text, from the line of JSON that `manage.py prepare` ended with."""
    made: dict[str, Any] = json.loads(answer or b"{}")
    password = made.get("admin_password")
    lines = [
        "",
        "Tocsin is running.",
        "",
        f"  Address   {public_url}/",
        "  User      admin",
        f"  Password  {f'{password}   (shown this once)' if password else 'the one of the first start'}",
    ]
    if made.get("webhook_url"):
        lines.append(f"  Webhook   {made['webhook_url']}")
    if made.get("curl"):
        lines += ["", "Send it an alert:", "", f"  {made['curl']}"]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])
