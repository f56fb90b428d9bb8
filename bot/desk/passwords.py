"""Which passwords are good enough, and passwords that we make ourselves. Pure."""

import secrets

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
        return f"The password must have at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"The password may have at most {LONGEST} characters."
    if len(set(password)) < FEWEST_DIFFERENT:
        return "The password repeats too few characters."
    plain = _plain(password)
    parts = [part for part in (_plain(name), *map(_plain, name.split())) if len(part) >= 3]  # noqa: PLR2004 - "Bo" is everywhere
    if any(part in plain or part[::-1] in plain for part in parts):
        return "The password must not hold your name."
    return None


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def one_time() -> str:
    """A password to hand over, which its owner must change at once: 96 bits."""
    return secrets.token_urlsafe(12)
