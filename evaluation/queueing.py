"""How the desk's lists grow: time of each list and filter with a hundred thousand tickets beside a thousand."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bot.conversation.tables import ConversationRow
from bot.database import Database
from bot.triage import listing
from bot.triage.listing import Shown, Wanted
from bot.triage.tables import TicketLabelRow, TicketRow
from bot.triage.ticket import SHELVES, State, Urgency

FEW, MANY = 1_000, 100_000
WANTED = 2.0
"""The list of many may take so many times as long as that of few."""

ROUNDS, WARM_UP = 110, 10
BEGINNING = datetime(2026, 1, 5, 8, tzinfo=UTC)
PEOPLE = 2
STATES = {
    State.NEW: 20, State.CLAIMED: 25, State.WAITING_FOR_PATIENT: 6, State.SNOOZED: 6, State.RESOLVED: 43,
}  # fmt: skip
"""Shares such that each list has two whole pages of few tickets, too: else it would be quicker for being short."""
LABELS = ("medical", "medication", "appointment", "admin", "billing", "emotional_support")

LISTS = {
    "open": Wanted(),
    "open, emergency": Wanted(urgency=Urgency.EMERGENCY),
    "open, labelled": Wanted(label="billing"),
    "mine": Wanted(Shown.MINE, owner="person 1"),
    "overdue": Wanted(Shown.OVERDUE),
    "later": Wanted(Shown.LATER),
    "resolved": Wanted(Shown.RESOLVED),
    "resolved, soon": Wanted(Shown.RESOLVED, urgency=Urgency.SOON),
}


@dataclass(frozen=True)
class Grown:
    """The p95 of one list in milliseconds, with few and with many tickets."""

    name: str
    few_ms: float
    many_ms: float

    @property
    def ratio(self) -> float:
        """How many times as long the many take."""
        return self.many_ms / self.few_ms


def fill(database: Database, count: int) -> None:
    """Put tickets of every state, urgency and label into an empty database."""
    chance = random.Random(count)
    made = [_ticket(number, chance) for number in range(count)]
    labels = [
        {"ticket_id": one["id"], "label": label}
        for one in made
        for label in chance.sample(LABELS, chance.randrange(2, 4))
    ]
    for start in range(0, count, 5_000):
        part = made[start : start + 5_000]
        with database.writing() as session:
            session.execute(insert(ConversationRow), [_conversation(one["conversation_id"]) for one in part])
            session.execute(insert(TicketRow), part)
    for start in range(0, len(labels), 20_000):
        with database.writing() as session:
            session.execute(insert(TicketLabelRow), labels[start : start + 20_000])


def _conversation(conversation_id: str) -> dict[str, Any]:
    return {
        "id": conversation_id, "token_sha256": "0" * 64, "channel": "web", "locale": "en", "consent_version": "1",
        "state": "waiting_for_staff", "named_drugs": [], "alarmed_at": None, "created_at": BEGINNING,
    }  # fmt: skip


def _ticket(number: int, chance: random.Random) -> dict[str, Any]:
    state, urgency = chance.choices(list(STATES), list(STATES.values()))[0], chance.choice(list(Urgency))
    opened = BEGINNING + timedelta(seconds=number)
    owner = None if state is State.NEW else f"person {chance.randrange(PEOPLE)}"
    return {
        "id": f"{chance.getrandbits(128):032x}", "conversation_id": f"{number:032x}", "state": state,
        "shelf": SHELVES[state], "urgency": urgency, "rank": urgency.rank, "reason": "A reason in words.",
        "rule": "rule", "rule_version": 2, "matched": "words", "summary": "What somebody wrote. " * 10,
        "claimed_by": owner, "outcome": "", "opened_at": opened, "changed_at": opened + timedelta(minutes=number % 600),
        "version": 1, "spell": 1, "waiting_since": opened, "outcome_code": "", "answers": {},
        "due_at": opened + timedelta(hours=chance.randrange(1, 48)),
    }  # fmt: skip


def look_ms(database: Database, wanted: Wanted) -> float:
    """Milliseconds that a list takes with its count and its second page, as the desk asks for them."""
    now, started = BEGINNING + timedelta(days=3), time.perf_counter()
    with database.reading() as session:
        first = listing.page(session, wanted, now=now)
        listing.count(session, wanted, now=now)
        if first.after:
            following = Wanted(wanted.shown, wanted.urgency, wanted.label, wanted.owner, first.after)
            listing.page(session, following, now=now)
    return (time.perf_counter() - started) * 1000


def measure(few: Database, many: Database) -> Iterator[Grown]:
    """Each list, once with few and once with many tickets.

    Args:
        few: a migrated database, empty.
        many: another.
    """
    fill(few, FEW)
    fill(many, MANY)
    for name, wanted in LISTS.items():
        took = [(look_ms(few, wanted), look_ms(many, wanted)) for _ in range(ROUNDS)][WARM_UP:]  # by turns
        yield Grown(name, _p95([one for one, _ in took]), _p95([other for _, other in took]))


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def on_sqlite() -> list[Grown]:
    """The figures of `make bench`."""
    with tempfile.TemporaryDirectory() as folder:
        databases = [Database(f"sqlite:///{Path(folder) / name}.sqlite", limit_s=60) for name in ("few", "many")]
        for database in databases:
            database.migrate()
        found = list(measure(*databases))
        for database in databases:
            database.close()
    return found


if __name__ == "__main__":
    for one in on_sqlite():
        print(f"{one.name}: {one.few_ms:.1f} ms, {one.many_ms:.1f} ms, {one.ratio:.2f}")
