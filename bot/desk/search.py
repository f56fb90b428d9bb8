"""Search: conversations and tickets by words, person, date, urgency and state.

The form is posted, so that what was looked for, which may be a patient's name, stands in no address, history or log;
the audit keeps only how many words it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from bot.conversation import store as conversations
from bot.conversation.message import Message
from bot.database import SESSION
from bot.desk import search_store
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTickets, Text
from bot.desk.inbox import SPEAKERS
from bot.desk.queue import SYMBOLS
from bot.desk.screen import Screen, desk_of, show
from bot.desk.search_store import Hit, Wanted
from bot.desk.store import Staff
from bot.errors import Unavailable
from bot.translation import gettext as _
from bot.translation import later
from bot.triage.ticket import State, Urgency

PATH = "/desk/search"
USUAL = timedelta(days=90)
"""How far back is looked where no day is given: as long as conversations are kept by default."""
MOST_WORDS, LONGEST_WORD = 8, 60
AROUND = 80
"""Characters of a snippet on each side of the word."""
MOST_SNIPPETS = 3
MOST_PAGES = 50

NO_DATE = later("This is not a date, as in 2026-11-20.")
TOO_MANY = later(
    "At most {most_words} words of at most {longest_word} characters.", most_words=MOST_WORDS, longest_word=LONGEST_WORD
)
TOO_LONG = later("The search took too long. Look in fewer days, or for a rarer word.")
NOTHING_ASKED = later("Write a word or a name, or choose an urgency or a state.")

router = APIRouter(route_class=Screen, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it was filled in."""

    words: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    urgency: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Words around what was looked for; each stretch with whether it is marked."""

    speaker: str
    stretches: tuple[tuple[str, bool], ...]


@router.get(PATH)
def page(staff: OnTickets) -> Response:
    """The empty form."""
    return _page(staff, Asked())


@router.post(PATH, dependencies=OWN_FORM)
def search(
    request: Request,
    staff: OnTickets,
    *,
    words: Text = "",
    person: Text = "",
    since: Text = "",
    until: Text = "",
    urgency: Text = "",
    state: Text = "",
    number: Annotated[int, Form(alias="page", ge=0, lt=MOST_PAGES)] = 0,
) -> Response:
    """One page of what was found; who searched is written down first."""
    asked = Asked(words.strip(), person.strip(), since.strip(), until.strip(), urgency, state)
    wanted, faults = understand(asked, now=datetime.now(UTC))
    if wanted is None:
        return _page(staff, asked, faults=faults, status=422)
    database = desk_of(request).database
    with database.writing() as session:
        subject = f"{len(wanted.words)} words{', a person' * bool(wanted.person)}"
        staff_store.note(session, actor=staff.name, action="search.made", subject=subject, now=datetime.now(UTC))
    try:
        with database.reading() as session:
            hits, more = search_store.find(session, wanted, page=number)
    except Unavailable:
        return _page(staff, asked, faults={"words": TOO_LONG}, status=503)
    return _page(staff, asked, wanted=wanted, hits=hits, more=more, number=number)


@router.get(f"{PATH}/{{conversation}}")
def conversation(
    request: Request, staff: OnTickets, conversation: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
) -> Response:
    """One conversation that has no ticket; that it was seen is written down."""
    database = desk_of(request).database
    with database.reading() as session:
        conversations.state(session, conversation)
        messages = _whole(session, conversation)
    with database.writing() as session:
        staff_store.note(
            session, actor=staff.name, action="conversation.viewed", subject=conversation, now=datetime.now(UTC)
        )  # fmt: skip
    return show("conversation.html", staff=staff, conversation=conversation, messages=messages, speakers=SPEAKERS)


def _whole(session: SESSION, conversation_id: str) -> list[Message]:
    messages: list[Message] = []
    after = 0
    while found := conversations.history(session, conversation_id, after=after):
        messages += [message for _id, message in found]
        after = found[-1][0]
    return messages


def understand(asked: Asked, *, now: datetime) -> tuple[Wanted | None, dict[str, str]]:
    """What is looked for, or what does not fit.

    Args:
        asked: the form.
        now: the present instant.

    Returns:
        What is wanted, or None with field to reason.
    """
    words = tuple(dict.fromkeys(asked.words.split()))
    faults = {}
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        faults["words"] = TOO_MANY
    elif not (words or asked.person or asked.urgency or asked.state):
        faults["words"] = NOTHING_ASKED
    days: dict[str, date | None] = {}
    for name in ("since", "until"):
        try:
            days[name] = date.fromisoformat(getattr(asked, name)) if getattr(asked, name) else None
        except ValueError:
            faults[name] = NO_DATE
    if faults:
        return None, faults
    last = days["until"] or now.date()
    until = datetime.combine(min(last, date.max - timedelta(days=1)) + timedelta(days=1), time(), UTC)
    since = days["since"] or max(until.date(), date.min + USUAL) - USUAL
    return Wanted(
        words=words, person=asked.person, urgency=asked.urgency if asked.urgency in set(Urgency) else "",
        state=asked.state if asked.state in set(State) else "", since=datetime.combine(since, time(), UTC), until=until,
    ), {}  # fmt: skip


def snippets(hit: Hit, words: Sequence[str]) -> list[Snippet]:
    """The first texts of a hit, cut around what was looked for.

    Args:
        hit: what was found.
        words: what is marked.
    """
    return [Snippet(who, cut(text, words)) for who, text in hit.texts[:MOST_SNIPPETS]]


def cut(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """A text around the first of the words, in stretches, each with whether it is one of them.

    Args:
        text: any.
        words: none marks nothing.
    """
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    first = pattern.search(text) if words else None
    middle = first.start() if first else 0
    begin, end = max(0, middle - AROUND), min(len(text), middle + 2 * AROUND)
    shown = f"{'… ' * bool(begin)}{text[begin:end]}{' …' * (end < len(text))}"
    if not words:
        return ((shown, False),)
    stretches, after = [], 0
    for found in pattern.finditer(shown):
        stretches += [(shown[after : found.start()], False), (found[0], True)]
        after = found.end()
    return tuple(one for one in (*stretches, (shown[after:], False)) if one[0])


def _page(
    staff: Staff,
    asked: Asked,
    *,
    status: int = 200,
    faults: dict[str, str] | None = None,
    wanted: Wanted | None = None,
    hits: Sequence[Hit] = (),
    more: bool = False,
    number: int = 0,
) -> Response:
    found = [(hit, snippets(hit, wanted.words)) for hit in hits] if wanted else []
    return show(
        "search.html", staff=staff, status=status, asked=asked, faults=faults or {}, searched=wanted is not None,
        found=found, more=more and number + 1 < MOST_PAGES, number=number, urgencies=list(Urgency), states=list(State),
        symbols=SYMBOLS, speakers={**SPEAKERS, "ticket": _("Ticket")}, since=wanted.since if wanted else None,
        last=wanted.until - timedelta(days=1) if wanted else None,
    )  # fmt: skip
