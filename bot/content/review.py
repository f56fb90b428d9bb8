"""Who may move a revision from which state to which, and whether it may be served today. Pure.

docs/states.md is the same as a table; a test holds the two together.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.errors import NotAllowed
from bot.roles import Role
from bot.settings import Mode
from bot.translation import gettext as _

REVIEW_AFTER = timedelta(days=365)
"""How long an approval holds when the reviewer sets no date. Source: shared design, section 7; own choice."""


class State(StrEnum):
    """Where a revision stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    RETIRED = "retired"


MOVES: dict[tuple[State, State], frozenset[Role]] = {
    (State.DRAFT, State.IN_REVIEW): frozenset({Role.AUTHOR, Role.REVIEWER, Role.ADMIN}),
    (State.IN_REVIEW, State.DRAFT): frozenset({Role.REVIEWER, Role.ADMIN}),
    (State.IN_REVIEW, State.APPROVED): frozenset({Role.REVIEWER}),
    (State.DRAFT, State.RETIRED): frozenset({Role.AUTHOR, Role.REVIEWER, Role.ADMIN}),
    (State.IN_REVIEW, State.RETIRED): frozenset({Role.REVIEWER, Role.ADMIN}),
    (State.APPROVED, State.RETIRED): frozenset({Role.REVIEWER, Role.ADMIN}),
    (State.DRAFT, State.WITHDRAWN): frozenset({Role.REVIEWER, Role.ADMIN}),
    (State.IN_REVIEW, State.WITHDRAWN): frozenset({Role.REVIEWER, Role.ADMIN}),
    (State.APPROVED, State.WITHDRAWN): frozenset({Role.REVIEWER, Role.ADMIN}),
    (State.WITHDRAWN, State.IN_REVIEW): frozenset({Role.AUTHOR, Role.REVIEWER, Role.ADMIN}),
    (State.WITHDRAWN, State.RETIRED): frozenset({Role.REVIEWER, Role.ADMIN}),
}
"""Every allowed move, and the roles that may make it. Approval is the reviewer's alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A revision's state with its review."""

    state: State
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    review_due: date | None = None


def check_move(before: State, after: State, *, role: Role, actor: str, author: str) -> None:
    """Refuse a move that nobody, or not this person, may make.

    Raises:
        NotAllowed: with the reason in words.
    """
    roles = MOVES.get((before, after))
    if roles is None:
        raise NotAllowed(_("a revision that is {before} cannot become {after}").format(before=before, after=after))
    if role not in roles:
        raise NotAllowed(_("the role {role} may not make a revision {after}").format(role=role, after=after))
    if after is State.APPROVED and actor == author:
        raise NotAllowed(_("the author of a text cannot approve it"))


def may_serve(standing: Standing, *, mode: Mode, today: date) -> bool:
    """Whether a patient may be shown a revision today.

    Production serves approved texts until the day of their review; a demonstration also serves drafts.
    """
    if standing.state in {State.RETIRED, State.WITHDRAWN}:
        return False
    if standing.state is State.APPROVED:
        return standing.review_due is None or today <= standing.review_due or mode is Mode.DEMO
    return mode is Mode.DEMO
