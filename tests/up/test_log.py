"""What the supervisor prints may be read by nobody, and that must hold up nothing."""

import os

from config.up.log import Lines, Log


def test_lines_nobody_reads_are_dropped_and_counted() -> None:
    reading, writing = os.pipe()
    log = Log(writing)
    for _ in range(5_000):
        log.line("web", b"x" * 100)
    unread = os.read(reading, 1_000_000)

    log.line("web", b"read again")

    after = os.read(reading, 1_000_000).decode()
    assert len(unread) < 5_000 * 100
    assert "lines were dropped: nobody read them." in after
    assert after.endswith("web      | read again\n")


def test_a_reader_who_has_gone_is_no_trouble() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    Log(writing).say("anybody there?")

    os.close(writing)


def test_output_is_cut_into_lines_wherever_the_reads_end() -> None:
    reading, writing = os.pipe()
    lines = Lines("beat", Log(writing))

    for chunk in (b"one\ntw", b"o\n\nthree", b""):
        lines.feed(chunk)

    assert os.read(reading, 1000).decode().splitlines() == ["beat     | one", "beat     | two", "beat     | three"]
    assert lines.ended


def test_an_answer_meant_for_the_supervisor_is_not_printed() -> None:
    reading, writing = os.pipe()
    lines = Lines("prepare", Log(writing), answers=True)

    lines.feed(b'Applying.\n{"admin_password": "secret"}\n')

    assert os.read(reading, 1000) == b"prepare  | Applying.\n"
    assert lines.answer == b'{"admin_password": "secret"}'
