"""Named places where a process dies for a test, and nowhere else."""

import subprocess
import sys

import pytest

_PROGRAM = """
import django
from django.conf import settings
settings.configure(FAILPOINT={armed!r})
from core import failpoints
for name in {names!r}:
    failpoints.reached(name)
    print(name, flush=True)
"""


@pytest.mark.parametrize(
    ("armed", "printed", "code"),
    [
        ("", ["a", "b", "a"], 0),
        ("a", [], 9),
        ("b", ["a"], 9),
        ("a:2", ["a", "b"], 9),
        ("a:3", ["a", "b", "a"], 0),
        ("c", ["a", "b", "a"], 0),
    ],
)
def test_a_process_dies_where_it_is_told_to(armed: str, printed: list[str], code: int) -> None:
    program = _PROGRAM.format(armed=armed, names=["a", "b", "a"])

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout.split(), done.returncode) == (printed, code)
