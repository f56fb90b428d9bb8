"""Keeps TensorFlow from being loaded into the serving process: Rasa imports it for components that Axis does not use.

Measured: 5 seconds of start-up and 290 MB. An import of it finds modules whose every attribute is an empty class: that
is enough for Rasa's own modules to define theirs. Whoever really calls one gets an error. Training is not touched.
Decision: docs/decisions/0010-without-tensorflow.md.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

KEPT_OUT = frozenset({"tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_probability", "keras"})


class _Empty(type):
    """The type of empty classes: each of their attributes is an empty class again."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _empty(name)

    def __call__(cls, *arguments: Any, **_: Any) -> Any:
        """As a decorator it gives back what it decorates; as anything else it gives an empty class."""
        if cls.__module__ != __name__:
            return super().__call__(*arguments, **_)
        return arguments[0] if arguments and callable(arguments[0]) else _empty(cls.__name__)


def _empty(name: str) -> type:
    return _Empty(name, (), {"__module__": __name__, "__class_getitem__": classmethod(lambda cls, _: cls)})


class _EmptyModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _empty(name)
        setattr(self, name, made)
        return made


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        if name.split(".", 1)[0] in KEPT_OUT:
            return ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is executed: the module is empty."""


def keep_out() -> None:
    """From now on this process cannot load TensorFlow."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
