"""Tickets as files that leave Axis: a table for spreadsheets, and plain text for a clinic's record system. Pure."""

import csv
import io
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.translation import gettext as _
from bot.translation import later
from bot.triage import intake
from bot.triage.case import Case
from bot.triage.store import Ticket

COLUMNS = (
    "id", "urgency", "state", "opened_at", "changed_at", "claimed_by", "reason", "rule", "rule_version", "matched",
    "summary", "outcome",
)  # fmt: skip

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet would run; the last four are their wide forms, which some read alike."""

WIDTH = 72
"""Columns of the text: what record systems show without breaking lines anew."""

NOT_A_DIAGNOSIS = later(
    "Axis ordered this request by fixed rules so that the team sees it in time. It is not a "
    "diagnosis and no advice, and nobody's identity was checked."
)


def as_csv(tickets: Iterable[Ticket]) -> str:
    """Tickets as a table, in the order given; every cell quoted, none a formula.

    Args:
        tickets: as the queue shows them.
    """
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for ticket in tickets:
        writer.writerow(neutral(_cell(getattr(ticket, name))) for name in COLUMNS)
    return written.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return "" if value is None else str(value)


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: what looks like one gets a leading apostrophe."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def as_text(case: Case) -> str:
    """A ticket for a record system: plain text of 72 columns, the patient's words quoted with `> `.

    Args:
        case: the ticket and what belongs to it; of Axis's replies only the texts that they showed are named.
    """
    ticket = case.ticket
    heading = _("REQUEST TO THE TEAM, {urgency}").format(urgency=_named(ticket.urgency).upper())
    parts = [
        _filled(heading),
        _filled(NOT_A_DIAGNOSIS),
        "\n".join(_filled(line, hanging="  ") for line in _facts(ticket)),
        _section(_("WHAT MATCHED"), _quote(ticket.matched)),
        _section(_("WHAT THE PATIENT WROTE"), _quote(ticket.summary)),
        _section(_("INTAKE"), "\n".join(_filled(line, hanging="  ") for line in intake.as_lines(case.intake))),
        _section(
            _("TEXTS THAT AXIS SHOWED"), "\n".join(_filled(line, hanging="  ") for line in shown(case)) or _("None.")
        ),
        _section(_("OUTCOME"), _filled(ticket.outcome) if ticket.outcome else _("None yet.")),
    ]
    return "\n\n".join(parts) + "\n"


def shown(case: Case) -> list[str]:
    """The texts that the conversation's replies showed, each once, in the order of their first use."""
    texts = (text for spoken in case.spoken for text in spoken.texts)
    return list(
        dict.fromkeys(
            _("{topic}, revision {number}, {level}").format(topic=text.topic, number=text.revision, level=text.level)
            for text in texts
        )
    )


def _facts(ticket: Ticket) -> list[str]:
    return [
        _("Ticket: {id}").format(id=ticket.id),
        _("State: {state}").format(state=ticket.state) + (f", {ticket.claimed_by}" if ticket.claimed_by else ""),
        _("Opened: {moment}").format(moment=_moment(ticket.opened_at)),
        _("Last change: {moment}").format(moment=_moment(ticket.changed_at)),
        _("Urgency: {urgency}").format(urgency=_named(ticket.urgency)),
        _("Reason: {reason}").format(reason=ticket.reason),
        _("Rule: {rule}, version {version}").format(rule=ticket.rule, version=ticket.rule_version),
    ]


def _named(id_: str) -> str:
    """An id as words, such as same day (`bot.desk.names` lists them for the translator)."""
    return _(id_.replace("_", " ").capitalize()).lower()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _section(heading: str, body: str) -> str:
    return f"{heading}\n{body}"


def _filled(text: str, *, hanging: str = "") -> str:
    """Text in lines of 72 columns; its own line breaks stay."""
    lines = (textwrap.wrap(line, WIDTH, subsequent_indent=hanging) for line in text.splitlines())
    return "\n".join(line for wrapped in lines for line in (wrapped or [""]))


def _quote(said: str) -> str:
    """Somebody's words, marked line by line, so that they are never taken for the clinic's own."""
    lines = (textwrap.wrap(line, WIDTH - 2) or [""] for line in said.splitlines())
    return "\n".join(f"> {line}".rstrip() for wrapped in lines for line in wrapped) or f"> {_('(nothing)')}"
