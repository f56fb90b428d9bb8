"""Every error that Axis raises on purpose.

AxisError                  never raised itself
├── DataError              a file of ours is wrong: start-up or import stops and names file, line and reason
├── NotAllowed             the caller's role, or the state of the thing, forbids it (403, or 409)
├── NotFound               no such conversation, topic, ticket (404)
├── Unauthorized           no secret, or the wrong one (401)
├── TooMuch                too long (413) or too often (429)
├── Conflict               the thing has moved on: closed, or another consent version (409)
└── Unavailable            Rasa, the action server or the database did not answer: the patient gets the safe reply
"""

from pathlib import Path


class AxisError(Exception):
    """The base of all; never raised itself."""


class DataError(AxisError):
    """A file of ours is wrong.

    Args:
        reason: what is wrong, in words that say what to do.
        path: the file; None where no file is concerned.
        line: counted from 1; None where the whole file is meant.
    """

    def __init__(self, reason: str, *, path: Path | None = None, line: int | None = None) -> None:
        self.reason, self.path, self.line = reason, path, line
        super().__init__(reason)

    def __str__(self) -> str:
        """`file:line: reason`, as editors and CI understand it."""
        where = ":".join(str(part) for part in (self.path, self.line) if part is not None)
        return f"{where}: {self.reason}" if where else self.reason


class NotAllowed(AxisError):
    """The caller's role, or the state of the thing, forbids it."""


class NotFound(AxisError):
    """No such conversation, topic or ticket."""


class Unauthorized(AxisError):
    """No secret was given, or the wrong one."""


class TooMuch(AxisError):
    """Too long, or too often.

    Args:
        reason: in words for the caller.
        retry_after_s: seconds until the next try may pass; None when the size is the trouble.
    """

    def __init__(self, reason: str, *, retry_after_s: int | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(reason)


class Conflict(AxisError):
    """The thing has moved on since the caller looked at it.

    Args:
        reason: in words for the caller.
        **more: what the caller needs to go on, such as the present consent.
    """

    def __init__(self, reason: str, **more: object) -> None:
        self.more = more
        super().__init__(reason)


class Unavailable(AxisError):
    """Rasa, the action server or the database did not answer as it should."""
