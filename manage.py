#!/usr/bin/env python3
"""Tocsin's commands."""

import os
import sys


def main() -> None:
    """Run one command."""
    if sys.argv[1:2] == ["up"]:
        # Before anything imports Django, which the supervisor does without: it stays small.
        from config.up.command import main as up  # noqa: PLC0415

        sys.exit(up(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
