"""What the supervisor prints: its own sentences, and its children's lines behind their names.

Nobody reading the output must never hold up a page, so a line that cannot be written now is dropped
and counted instead of waited for.
"""

import contextlib
import os
import select

_COLOURS = {"postgres": 34, "valkey": 35, "web": 32, "worker": 36, "beat": 33, "prepare": 37}
_LONGEST_LINE = 16_384
_WITHOUT_BLOCKING = 4096  # a pipe that is writable at all takes this much (PIPE_BUF)


class Log:
    """Writes whole lines to one file descriptor, prefixed, coloured on a terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._coloured = os.isatty(descriptor) and not os.environ.get("NO_COLOR")
        self._dropped = 0

    def line(self, name: str, text: bytes) -> None:
        """One line of a child, or of the supervisor itself."""
        label = f"{name:<8} | "
        if self._coloured:
            label = f"\x1b[{_COLOURS.get(name, 1)}m{label}\x1b[0m"
        self._write(label.encode() + text + b"\n")

    def say(self, text: str) -> None:
        """A sentence of the supervisor's."""
        self.line("tocsin", text.encode())

    def _write(self, line: bytes) -> None:
        if self._dropped and self._takes_more():
            note, self._dropped = f"tocsin   | {self._dropped} lines were dropped: nobody read them.\n", 0
            self._write(note.encode())
        if not self._takes_more():
            self._dropped += 1
            return
        with contextlib.suppress(OSError):  # the reader has gone; the children need not go with it
            while line:
                written = os.write(self._descriptor, line[:_WITHOUT_BLOCKING])
                line = line[written:]
                if line and not self._takes_more():
                    return

    def _takes_more(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(0))


class Lines:
    """Cuts what a child prints into lines. `answer` is the last one that was a JSON object; such lines are
    meant for the supervisor and may hold a password, so they are not printed."""

    def __init__(self, name: str, log: Log, *, answers: bool = False) -> None:
        self._name, self._log, self._answers = name, log, answers
        self._rest = b""
        self.answer = b""
        self.ended = False

    def feed(self, chunk: bytes) -> None:
        """Pass on the whole lines; keep the rest. An empty chunk is the end."""
        self.ended = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self._rest and (not chunk or len(self._rest) > _LONGEST_LINE):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if self._answers and line.startswith(b"{"):
                self.answer = line
            elif line.strip() and b"Memory overcommit must be enabled" not in line:  # nothing is saved to disk
                self._log.line(self._name, line.rstrip())
