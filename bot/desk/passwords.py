"""Which passwords are good enough, and passwords that we make ourselves. Pure."""

import secrets

from bot.translation import gettext as _

SHORTEST = 12
"""Characters. NIST SP 800-63B asks for 8 beside a second factor and 15 without one; most here have the lock of the
account, too."""

LONGEST = 1000

FEWEST_DIFFERENT = 5
"""Different characters: `aaaaaaaaaaaa` is long and no password."""


def fault(password: str, *, name: str) -> str | None:
    """What is wrong with a password that somebody chose; None if nothing is.

    Args:
        password: as typed.
        name: of the account: a password that holds it is the first that is guessed.
    """
    if len(password) < SHORTEST:
        return _("The password must have at least {shortest} characters.").format(shortest=SHORTEST)
    if len(password) > LONGEST:
        return _("The password may have at most {longest} characters.").format(longest=LONGEST)
    if len(set(password)) < FEWEST_DIFFERENT:
        return _("The password repeats too few characters.")
    plain = _plain(password)
    parts = [part for part in (_plain(name), *map(_plain, name.split())) if len(part) >= 3]  # noqa: PLR2004 - "Bo" is everywhere
    if any(part in plain or part[::-1] in plain for part in parts):
        return _("The password must not hold your name.")
    return None


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def one_time() -> str:
    """A password to hand over, which its owner must change at once: 96 bits."""
    return secrets.token_urlsafe(12)
