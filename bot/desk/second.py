"""The second factor: codes of an authenticator app (RFC 6238), its QR code, and recovery codes. Pure."""

import hashlib
import secrets
from datetime import datetime
from io import BytesIO

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError

ISSUER = "Axis"
"""What the app writes above the code."""

DRIFT_STEPS = 1
"""Steps of 30 s by which a telephone's clock may be off (RFC 6238, 5.2, recommends at most one)."""

RECOVERY_CODES = 10

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look like another."""

_GROUPS, _GROUP = 4, 4
"""Sixteen of 31 letters are 79 bits, more than anybody could guess: SHA-256 is enough for what is stored."""


def new_secret() -> str:
    """A fresh secret, 160 bits as base 32."""
    return pyotp.random_base32()


def spaced(secret: str) -> str:
    """A secret in groups of four, as somebody types it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def drawing(secret: str, *, name: str) -> str:
    """The QR code that an authenticator app reads, as SVG."""
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    out = BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=5, border=4, light="#fff", xmldecl=False)
    return out.getvalue().decode()


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """The time step of which a code is right.

    Args:
        secret: of the account; empty matches nothing.
        code: as typed; spaces do not matter.
        now: the present instant.

    Returns:
        The step, so that the caller can refuse one that was used before; None if the code is wrong.
    """
    digits = "".join(code.split())
    if not secret or not digits.isascii() or not digits.isdigit():
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=now, valid_window=DRIFT_STEPS)
    except OTPVerificationError:
        return None


def new_recovery_codes() -> list[str]:
    """Codes for the day on which the telephone is lost."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_GROUP))


def recovery_hash(code: str) -> str:
    """What is stored of a recovery code; dashes, spaces and capitals do not matter."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
