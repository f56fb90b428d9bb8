"""A request to a person: its states, and who may move it from which to which. Pure."""

from enum import StrEnum

from bot.errors import NotAllowed
from bot.roles import Role


class Urgency(StrEnum):
    """In which order the team sees tickets, the first first. Never shown to a patient."""

    EMERGENCY = "emergency"
    SAME_DAY = "same_day"
    SOON = "soon"
    ROUTINE = "routine"


class State(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    CLAIMED = "claimed"
    RESOLVED = "resolved"


STAFF = frozenset({Role.FRONT_DESK, Role.CLINICIAN, Role.ADMIN})
"""Roles that work on tickets."""

MOVES: dict[tuple[State, State], frozenset[Role]] = {
    (State.NEW, State.CLAIMED): STAFF,
    (State.CLAIMED, State.NEW): STAFF,
    (State.CLAIMED, State.RESOLVED): STAFF,
    (State.RESOLVED, State.NEW): STAFF,
}


def check_move(before: State, after: State, *, role: Role) -> None:
    """Refuse a move that nobody, or not this role, may make.

    Raises:
        NotAllowed: with the reason in words.
    """
    roles = MOVES.get((before, after))
    if roles is None:
        raise NotAllowed(f"a ticket that is {before} cannot become {after}")
    if role not in roles:
        raise NotAllowed(f"the role {role} may not make a ticket {after}")
