"""The one way to read our own YAML: YAML 1.2, duplicate keys refused, errors that name file and line."""

import json
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from bot.errors import DataError

T = TypeVar("T")


def parse_yaml(text: str, *, path: Path, first_line: int = 1) -> Any:
    """Read YAML 1.2 (`no` stays text; a key given twice is an error).

    Args:
        text: the YAML.
        path: the file that it came from, for errors.
        first_line: the line of the file on which `text` begins, counted from 1.

    Raises:
        DataError: it is not YAML, or a key stands twice.
    """
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = first_line + mark.line if mark else None
        raise DataError(error.problem or "not YAML", path=path, line=line) from error


def read_text(path: Path) -> str:
    """The file as UTF-8 text.

    Raises:
        DataError: it is not there, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", path=path) from error


def read_yaml(path: Path) -> Any:
    """The YAML file as dicts, lists, strings, numbers and dates.

    Raises:
        DataError: it is not there, or is not YAML.
    """
    return parse_yaml(read_text(path), path=path)


def read_phrases(path: Path) -> list[str]:
    """A YAML list of texts, each on a line of its own in double quotes, as JSON has them; and lines of comment.

    Read line by line, since as YAML tens of thousands of them take half a minute.

    Raises:
        DataError: it is not there, or a line is something else.
    """
    found = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.startswith("#") or not line:
            continue
        try:
            phrase = json.loads(line.removeprefix("- ")) if line.startswith('- "') else None
        except json.JSONDecodeError:
            phrase = None
        if phrase is None:
            raise DataError('must be a phrase on one line: - "like this"', path=path, line=number)
        found.append(phrase)
    return found


def dump_yaml(value: Any) -> str:
    """A value as YAML 1.2, in the order in which it was put together."""
    writer = YAML()
    writer.width = 120  # type: ignore[assignment]  # its stubs know only None
    written = StringIO()
    writer.dump(value, written)
    return written.getvalue()


def checked(schema: type[T], value: Any, *, path: Path, what: str = "") -> T:
    """The value as `schema`, a pydantic model or any type that pydantic can check.

    Args:
        schema: the type wanted.
        value: what `read_yaml` gave.
        path: the file, for errors.
        what: names the entry within the file, for errors.

    Raises:
        DataError: it does not fit; the reason names the field.
    """
    try:
        return TypeAdapter(schema).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = ": ".join(part for part in (what, field, first["msg"]) if part)
        raise DataError(reason, path=path) from error
