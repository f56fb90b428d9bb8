"""A request to a person: its states, and who may move it from which to which. Pure."""

from enum import StrEnum

from bot.errors import NotAllowed
from bot.roles import Role
from bot.translation import gettext as _


class Urgency(StrEnum):
    """In which order the team sees tickets, the first first. Never shown to a patient."""

    EMERGENCY = "emergency"
    SAME_DAY = "same_day"
    SOON = "soon"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """Its place in the order, 0 for the most urgent."""
        return list(Urgency).index(self)


class State(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    CLAIMED = "claimed"
    WAITING_FOR_PATIENT = "waiting_for_patient"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Shelf(StrEnum):
    """On which list of the queue a ticket stands."""

    OPEN = "open"
    LATER = "later"
    RESOLVED = "resolved"


SHELVES = {
    State.NEW: Shelf.OPEN,
    State.CLAIMED: Shelf.OPEN,
    State.WAITING_FOR_PATIENT: Shelf.LATER,
    State.SNOOZED: Shelf.LATER,
    State.RESOLVED: Shelf.RESOLVED,
}


class ByItself(StrEnum):
    """What moves a ticket without anybody of the staff."""

    PATIENT = "patient"
    CLOCK = "clock"


STAFF = frozenset({Role.FRONT_DESK, Role.CLINICIAN, Role.ADMIN})
"""Roles that work on tickets."""

Mover = Role | ByItself
_PATIENT, _CLOCK = frozenset({ByItself.PATIENT}), frozenset({ByItself.CLOCK})

MOVES: dict[tuple[State, State], frozenset[Mover]] = {
    (State.NEW, State.CLAIMED): frozenset(STAFF),
    (State.CLAIMED, State.CLAIMED): frozenset(STAFF),
    (State.CLAIMED, State.NEW): STAFF | _CLOCK,
    (State.CLAIMED, State.WAITING_FOR_PATIENT): frozenset(STAFF),
    (State.CLAIMED, State.SNOOZED): frozenset(STAFF),
    (State.CLAIMED, State.RESOLVED): frozenset(STAFF),
    (State.WAITING_FOR_PATIENT, State.CLAIMED): frozenset(STAFF),
    (State.WAITING_FOR_PATIENT, State.NEW): STAFF | _PATIENT,
    (State.WAITING_FOR_PATIENT, State.RESOLVED): frozenset(STAFF),
    (State.SNOOZED, State.CLAIMED): frozenset(STAFF),
    (State.SNOOZED, State.NEW): STAFF | _PATIENT | _CLOCK,
    (State.SNOOZED, State.RESOLVED): frozenset(STAFF),
    (State.RESOLVED, State.NEW): STAFF | _PATIENT,
}
"""Claimed to claimed is handing it to a colleague."""


def check_move(before: State, after: State, *, role: Mover) -> None:
    """Refuse a move that nobody, or not this role, may make.

    Raises:
        NotAllowed: with the reason in words.
    """
    roles = MOVES.get((before, after))
    if roles is None:
        raise NotAllowed(
            _("a ticket that is {before} cannot become {after}").format(before=_said(before), after=_said(after))
        )
    if role not in roles:
        raise NotAllowed(_("the role {role} may not make a ticket {state}").format(role=role, state=_said(after)))


def check_urgency(before: Urgency, after: Urgency, *, role: Mover, reason: str) -> None:
    """Refuse to lower a ticket's urgency without a reason; raising it is free.

    Raises:
        NotAllowed: the reason is missing, or this role does not work on tickets.
    """
    if role not in STAFF:
        raise NotAllowed(_("the role {role} does not work on tickets").format(role=role))
    if after.rank > before.rank and not reason.strip():
        raise NotAllowed(_("say why the urgency is lowered"))


def _said(state: State) -> str:
    return _(state.replace("_", " ").capitalize()).lower()
