"""Logging: one JSON line an event on standard output, and never a patient's words.

A field is written only if its name is in ALLOWED: names, counts, ids and durations. Whatever else is passed is left
out and counted, so that a careless call can lose a detail but cannot leak one. Other libraries' loggers are reduced to
the place and the kind of what happened.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "turn", "kind", "rule", "topics", "revision", "ms", "error", "status",
        "method", "route", "port", "process", "attempt", "count", "channel", "state", "mode", "ticket", "urgency",
        "actor", "action", "reason_code", "left_out", "where", "topic", "score", "intent", "pid", "seconds",
    }
)  # fmt: skip


def configure(process: str) -> None:
    """Set up logging for this process.

    Args:
        process: web, rasa, actions or cli; stands in every line.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allow_listed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = _Reduced()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def allow_listed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep the fields whose names are in ALLOWED, and say how many were left out."""
    kept = {name: value for name, value in event.items() if name in ALLOWED}
    if len(kept) < len(event):
        kept["left_out"] = len(event) - len(kept)
    return kept


class _Reduced(logging.Handler):
    """Standard-library log records as lines of ours: where, how bad, which error; never the message itself."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        where = f"{record.module}:{record.lineno}"
        structlog.get_logger().log(
            max(record.levelno, logging.INFO), "library", logger=record.name, where=where, error=error
        )
