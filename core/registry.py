"""Finds the one-file-each parts of a package: alert sources, notification channels. No list to keep."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """The parts of one package by slug, imported on first use. Each module exposes its part under one name."""

    def __init__(self, package: str, *, attribute: str, slug_of: Callable[[Part], str]) -> None:
        self._package = package
        self._attribute = attribute
        self._slug_of = slug_of
        self._parts: dict[str, Part] | None = None

    def all(self) -> dict[str, Part]:
        """Every part by slug, in alphabetical order."""
        if self._parts is None:
            self._parts = dict(sorted((self._slug_of(part), part) for part in self._load()))
        return self._parts

    def get(self, slug: str) -> Part | None:
        """The part with this slug, or None."""
        return self.all().get(slug)

    def _load(self) -> list[Part]:
        package = importlib.import_module(self._package)
        names = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
        modules = [importlib.import_module(f"{self._package}.{name}") for name in names]
        return [getattr(module, self._attribute) for module in modules if hasattr(module, self._attribute)]
