"""Collects the staff pages' texts out of code and templates into the file that a translator works on."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import PoFileError, read_po, write_po

from bot.errors import DataError
from bot.translation import FILE

CODE = Path(__file__).resolve().parents[1]

_METHODS = [("desk/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
_OPTIONS = {"desk/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
_MARKS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "later": None}
_WIDTH = 120


@dataclass(frozen=True)
class Progress:
    """How far a translation is."""

    texts: int
    untranslated: int
    doubtful: int
    """Guessed from a text that has changed, for a translator to confirm; pages show English until then."""


def extract() -> Catalog:
    """Every text that a member of staff reads, in English, with the places where it stands."""
    catalog = _empty(None)
    found = extract_from_dir(str(CODE), method_map=_METHODS, options_map=_OPTIONS, keywords=_MARKS)
    for name, line, text, comments, context in found:
        catalog.add(text, locations=[(f"bot/{name}", line)], auto_comments=comments, context=context)
    return catalog


def update(language: str, folder: Path) -> Progress:
    """Make the file of a language, or bring it up to date: what is translated stays, what is said no more is set aside.

    Args:
        language: such as de or pt_BR.
        folder: of the language below data.

    Raises:
        DataError: there is no such language, or the file cannot be read.
    """
    path = folder / FILE
    try:
        catalog = _present(path, language)
    except (PoFileError, UnknownLocaleError, ValueError) as error:
        raise DataError(str(error), path=path) from error
    catalog.update(extract())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        write_po(file, catalog, width=_WIDTH)
    os.replace(file.name, path)
    texts = [message for message in catalog if message.id]
    return Progress(
        texts=len(texts),
        untranslated=sum(not any(message.string or ()) for message in texts),
        doubtful=sum(message.fuzzy for message in texts),
    )


def _present(path: Path, language: str) -> Catalog:
    if not path.exists():
        return _empty(Locale.parse(language))
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _empty(locale: Locale | None) -> Catalog:
    return Catalog(locale, project="Axis", header_comment="# The staff pages of Axis.", charset="utf-8", fuzzy=False)
