"""What a person needs to begin, printed when everything runs. What is only known when it is made is kept
in a private file of the data folder, so that later runs print it again; the admin's password is not."""

import json
from pathlib import Path

from config.up.files import write_private

_URL = "{public_url}"


def remember(data_folder: Path, answer: bytes, public_url: str) -> str | None:
    """Keep what `prepare` has just made; returns the first admin's password if there is a new one.

    Addresses are kept without host and port, which may differ at the next run.
    """
    made = json.loads(answer or b"{}")
    demo = {name: made[name].replace(public_url, _URL) for name in ("webhook_url", "curl") if made.get(name)}
    if demo:
        write_private(data_folder / "demo.json", json.dumps(demo))
    password = made.get("admin_password")
    return None if password is None else str(password)


def greeting(data_folder: Path, public_url: str, new_password: str | None) -> str:
    """The text."""
    try:
        demo = json.loads((data_folder / "demo.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        demo = {}
    password = f"{new_password}   (shown this once)" if new_password else "the one printed at the first start"
    lines = [
        "",
        "Tocsin is running.",
        "",
        f"  Address   {public_url}/",
        "  User      admin",
        f"  Password  {password}",
    ]
    if "webhook_url" in demo:
        lines.append(f"  Webhook   {demo['webhook_url'].replace(_URL, public_url)}")
    if "curl" in demo:
        lines += ["", "Send it an alert:", "", f"  {demo['curl'].replace(_URL, public_url)}"]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])
