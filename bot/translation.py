"""The words of the staff pages in the clinic's language: English stands in the code, and `staff.po` beside the other
words of a language turns it into that one (gettext through Babel; docs/decisions/0019-words-of-the-staff-pages.md).
"""

import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import cast

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import LazyProxy, NullTranslations, Translations

from bot.errors import DataError

FILE = "staff.po"

_PLACES = re.compile(r"\{\w*\}|%\(\w+\)\w")
_FILLED = re.compile(r"%%|%\(\w+\)\w")
"""What a template may have a percent sign for: elsewhere it would break the page."""


class _Spoken:
    """What this process speaks. One clinic, one language: nothing in a request chooses another."""

    locale = Locale("en")
    words: NullTranslations = NullTranslations()


def speak(language: str, folder: Path) -> None:
    """Choose the language of the staff pages, for the whole process.

    Args:
        language: such as de or pt_BR.
        folder: of that language below data; without a `staff.po` in it the pages are in English.

    Raises:
        DataError: the file cannot be read, or a translation leaves out or adds a place for a value.
    """
    path = folder / FILE
    try:
        _Spoken.locale = Locale.parse(language)
        _Spoken.words = _read(path, language) if path.exists() else NullTranslations()
    except (PoFileError, UnknownLocaleError, ValueError) as error:
        raise DataError(str(error), path=path) from error


def _read(path: Path, language: str) -> Translations:
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    _check_places(catalog, path)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def _check_places(catalog: Catalog, path: Path) -> None:
    """A translation that drops a place loses a name or a number; one that adds a place breaks the page."""
    for message in catalog:
        english = _forms(message.id)
        for form in _forms(message.string) if message.id else ():
            if "%" in _FILLED.sub("", form) and any(place.endswith(".html") for place, _line in message.locations):
                raise DataError(
                    "a percent sign that stands for itself is written twice", path=path, line=message.lineno
                )
            if form and set(_PLACES.findall(form)) != set(_PLACES.findall(english[-1])):
                raise DataError(
                    f"the places for values differ from those of “{english[-1]}”", path=path, line=message.lineno
                )


def _forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def gettext(text: str) -> str:
    """A text in the language of the clinic.

    Args:
        text: in English, with values as named places such as {name}: the whole sentence, never parts of one.
    """
    return _Spoken.words.gettext(text)


def ngettext(one: str, several: str, count: int) -> str:
    """A text that depends on a number.

    Args:
        one: in English, for one.
        several: for any other number.
        count: the number.
    """
    return _Spoken.words.ngettext(one, several, count)


def later(text: str, **values: object) -> str:
    """A text that is translated when it is shown, for constants: they are read before the language is chosen.

    Args:
        text: in English.
        **values: for its places.
    """
    return cast("str", LazyProxy(_filled, text, values, enable_cache=False))


def _filled(text: str, values: dict[str, object]) -> str:
    return gettext(text).format(**values) if values else gettext(text)


def tag() -> str:
    """The language for the `lang` of a page, such as de or pt-BR."""
    return str(_Spoken.locale).replace("_", "-")


def day(on: date) -> str:
    """A date with its month as a word, so that nobody takes the day for the month."""
    return format_date(on, "dd MMM yyyy", locale=_Spoken.locale)


def moment(at: datetime) -> str:
    """An instant, in UTC and with the zone named."""
    return f"{format_datetime(at.astimezone(UTC), 'dd MMM yyyy, HH:mm', locale=_Spoken.locale)} UTC"
