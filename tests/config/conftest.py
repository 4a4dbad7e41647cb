"""What the tests of the composition root share."""

from pathlib import Path

import pytest

from tests.config.applying import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
