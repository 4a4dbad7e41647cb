"""The pages of docs/reference, made from the code they describe, so that they cannot tell anything else."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from alerts.parsing.source import Source, sources
from alerts.receiving.entrance import DropIn, entrances
from alerts.receiving.entrances.oncall import TYPES
from config import env
from config.up.command import USAGE
from core import durations
from notifications.channel import CHANNELS, Channel

FOLDER = Path(settings.BASE_DIR) / "docs" / "reference"
_MADE = "<!-- Made from the code by `manage.py reference`. Change the code, not this page. -->\n"
_OURS = frozenset({"accounts", "alerts", "config", "escalation", "incidents", "notifications", "oncall", "web"})
_OF_EVERY_COMMAND = frozenset(
    {"version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks", "help"}
)


def pages() -> dict[str, str]:
    """Every page's text by the name of its file."""
    made: dict[str, Callable[[], str]] = {
        "environment.md": _environment,
        "commands.md": _commands,
        "sources.md": _sources,
        "drop-in.md": _drop_in,
        "channels.md": _channels,
    }
    return {name: f"{_MADE}\n{make().strip()}\n" for name, make in made.items()}


def _environment() -> str:
    rows = "\n".join(
        f"| `{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.meaning} |" for each in env.VARIABLES
    )
    return f"""\
# Environment

Everything that differs between installations is set by the environment. Each name can also be given as `NAME_FILE`,
the path of a file that holds the value: the way to hand over secrets. Addresses of providers given here are trusted,
private ones included.

| Name | Default | Meaning |
|---|---|---|
{rows}
"""


def _commands() -> str:
    texts = [f"# Commands\n\n```text\n{USAGE}\n```\n"]
    for name, app in sorted(get_commands().items()):
        if app in _OURS:
            command = load_command_class(str(app), name)
            texts.append(_command(name, command))
    texts.append("All of Django's own commands work, too: `manage.py help` lists them.\n")
    return "\n".join(texts)


def _command(name: str, command: BaseCommand) -> str:
    parser = argparse.ArgumentParser(prog=f"manage.py {name}", add_help=False)
    command.add_arguments(parser)  # type: ignore[arg-type]  # Django's own subclass differs only in how it refuses
    own = [each for each in parser._actions if each.dest not in _OF_EVERY_COMMAND]  # noqa: SLF001  argparse tells no other way
    rows = "".join(
        f"- `{', '.join(each.option_strings) or each.metavar or each.dest}`: {each.help or ''}\n" for each in own
    )
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return f"## `{name}`\n\n{command.help}\n\n```text\n{usage}\n```\n\n{rows}"


def _sources() -> str:
    listed = "\n".join(
        f"| [`{each.slug}`](#{each.slug}) | {each.label} | {'yes' if each.sends_resolved else 'no'} "
        f"| {each.authentication.text if each.authentication else ''} |"
        for each in sources.all().values()
    )
    return f"""\
# Sources

A source reads the messages of one kind of sender. It is named in the address: `/integrations/<source>/<key>/`.

*Resolves*: whether it says that an alert is over. *Secret*: how it proves one, where the integration
[was given one](../guide/senders-secrets.md).

| Source | Sender | Resolves | Secret |
|---|---|---|---|
{listed}

{"".join(map(_source, sources.all().values()))}
"""


def _end(source: Source) -> str:
    """A line on what never says that it is over."""
    if source.sends_resolved:
        return ""
    if source.resolves_after is None:
        return "\nIt never says that an alert is over: people resolve its incidents.\n"
    after = durations.write(source.resolves_after)
    return f"\nIt never says that an alert is over: it is {after} after the last message, or after `resolve_after`.\n"


def _source(source: Source) -> str:
    example = source.examples[0]
    path, body = source.request_for(example, "$KEY")
    url = f"$TOCSIN_URL{path}"
    set_up = source.set_up_text(
        url=f"https://tocsin.example.com{path}", base_url="https://tocsin.example.com", key="$KEY"
    )
    # The shell fills in $KEY where the key stands in the body; elsewhere it shall touch nothing.
    end = "END" if b"$KEY" in body else "'END'"
    return f"""
## `{source.slug}`

{source.label}. Grouped by default: {source.group_text}
{_end(source)}
{set_up.strip()}

To see what it makes of a message:

```sh
curl -X POST "{url}" -H 'Content-Type: {example.content_type}' --data-binary @- <<{end}
{_readable(body)}
END
```
"""


def _readable(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode()


def _drop_in() -> str:
    products: dict[str, list[DropIn]] = {}
    for entrance in entrances.all().values():
        if entrance.replaces:
            products.setdefault(entrance.replaces, []).extend(entrance.calls)
    tables = "\n".join(_table_of(name, calls) for name, calls in sorted(products.items()))
    types = "\n".join(f"| `{kind}` | [`{slug}`](sources.md#{slug}) |" for kind, slug in sorted(TYPES.items()))
    return f"""\
# Calls of other products

These are answered under their own paths, so that a sender only changes the host name and, where it has one, the key:
that of an integration takes its place. [Leave Opsgenie](../guide/leave-opsgenie.md), [leave
PagerDuty](../guide/leave-pagerduty.md) and [leave Grafana OnCall](../guide/leave-grafana-oncall.md) tell how to move.

{tables}

## Types of Grafana OnCall

Where OnCall had an integration of this type, make one with this source. The type in the address is not looked at: the
key decides.

| Type | Source |
|---|---|
{types}
"""


def _table_of(name: str, calls: Iterable[DropIn]) -> str:
    rows = "\n".join(f"| {each.method} | `{each.path}` | {each.what} |" for each in calls)
    return f"## {name}\n\n| Method | Path | What it does |\n|---|---|---|\n{rows}\n"


def _channels() -> str:
    rows = "\n".join(_channel_rows())
    return f"""\
# Channels

A channel reaches people over one provider. A personal rule of a [configuration file](../guide/configuration-as-code.md)
names a contact method, and that names its channel.

| Channel | Name | Receipt | Updated in place | At most |
|---|---|---|---|---|
{rows}

*Receipt*: how long a carrier has to confirm that a message arrived, before the person's next rule runs. A channel
without receipts ends with the provider's acceptance; [Delivery](../concepts/delivery.md) tells what follows from that.

*At most*: to one address. What is over it waits; the first page of an incident never does.
"""


def _channel_rows() -> Iterator[str]:
    for channel in CHANNELS.all().values():
        limits = ", ".join(f"{each.count} in {durations.write(each.window)}" for each in channel.limits)
        yield (
            f"| `{channel.slug}` | {channel.label} | {_receipt(channel)} "
            f"| {'yes' if channel.updates_in_place else 'no'} | {limits} |"
        )


def _receipt(channel: Channel) -> str:
    within: timedelta | None = channel.receipt_within
    return f"within {durations.write(within)}" if within else "none"


def outdated() -> list[str]:
    """Names of the pages that tell something else than the code."""
    return [name for name, text in pages().items() if _present(FOLDER / name) != text]


def write() -> list[str]:
    """Write what is outdated; returns the names."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = outdated()
    made = pages()
    for name in written:
        (FOLDER / name).write_text(made[name])
    return written


def _present(path: Path) -> str:
    return path.read_text() if path.exists() else ""
