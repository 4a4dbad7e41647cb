"""One set of fakes for all these tests, emptied before each, and a stand-in product behind a public address."""

from collections.abc import Iterator

import pytest

from tests.fakes import Carriers, start
from tests.fakes_check.product import PUBLIC_URL, Product


@pytest.fixture(scope="session")
def running() -> Iterator[Carriers]:
    with start() as carriers:
        yield carriers


@pytest.fixture
def carriers(running: Carriers) -> Carriers:
    running.point_at("")
    running.reset()
    return running


@pytest.fixture
def product(carriers: Carriers) -> Iterator[Product]:
    product = Product()
    carriers.point_at(product.server.url, PUBLIC_URL)
    yield product
    product.server.close()
