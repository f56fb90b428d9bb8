"""Two revisions side by side, and a revision as each channel shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.content import difference, preview, record
from bot.content.blocks import Text
from bot.content.difference import Line, Piece
from bot.content.record import Row
from bot.content.review import State
from bot.content.store import Draft
from bot.content.topic import Level
from bot.desk import language
from bot.desk.auth import OnTexts
from bot.desk.review import RevisionId
from bot.desk.screen import Screen, desk_of, show
from bot.errors import NotFound
from bot.translation import gettext as _
from bot.translation import later

router = APIRouter(route_class=Screen, include_in_schema=False)


class Channel(StrEnum):
    """Where a patient reads."""

    WEB = "web"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    SMS = "sms"


CHANNELS = {
    Channel.WEB: later("Website"),
    Channel.WHATSAPP: "WhatsApp",
    Channel.TELEGRAM: "Telegram",
    Channel.SMS: "SMS",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a comparison, each side in runs of words."""

    before: list[Piece]
    after: list[Piece]
    same: bool


@router.get("/desk/review/{revision_id}/difference")
def compare(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    other: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """A revision beside another of its topic: the one that is served, or else the one before, unless one is chosen."""
    with desk_of(request).database.reading() as session:
        row, text = record.show(session, revision_id)
        history = [one for one in record.history(session, row.topic) if one.revision_id != row.revision_id]
        chosen = _beside(history, row, other)
        beside = record.show(session, chosen.revision_id) if chosen else None
    if beside is None:
        return show("difference.html", staff=staff, row=row, history=history, old=None, new=None, parts=[])
    (old, before), (new, after) = sorted((beside, (row, text)), key=lambda pair: pair[0].revision)
    return show(
        "difference.html", staff=staff, row=row, history=history, old=old, new=new, parts=list(_parts(before, after))
    )


def _beside(history: list[Row], row: Row, number: int | None) -> Row | None:
    """Which revision stands beside this one.

    Raises:
        NotFound: the topic has no revision of this number.
    """
    if number is not None:
        found = next((one for one in history if one.revision == number), None)
        if found is None:
            raise NotFound(_("{topic} has no other revision {number}").format(topic=row.topic, number=number))
        return found
    served = next((one for one in history if one.state is State.APPROVED), None)
    before = next((one for one in history if one.revision < row.revision), None)
    return served or before or next(iter(history), None)


def _parts(before: Draft, after: Draft) -> Iterable[tuple[str, list[Pair]]]:
    """Each level, and each other field that changed, with its lines."""
    for level in Level:
        if level in before.texts or level in after.texts:
            old, new = before.texts.get(level, Text()), after.texts.get(level, Text())
            yield str(level), [_pair(line) for line in difference.side_by_side(old, new)]
    for name, lines in difference.about(before, after):
        yield name, [_pair(line) for line in lines]


def _pair(line: Line) -> Pair:
    before, after = difference.by_words(line.before or "", line.after or "")
    return Pair(before, after, line.same)


@router.get("/desk/review/{revision_id}/preview")
def as_shown(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    channel: Channel = Channel.WEB,
    level: Level = Level.PLAIN,
) -> Response:
    """A revision as a patient gets it, with its closing."""
    files = language.read(desk_of(request).settings)
    with desk_of(request).database.reading() as session:
        row, text = record.show(session, revision_id)
    chosen = level if level in text.texts else Level.PLAIN
    closing = files.closing(text.closing)
    said = f"{text.texts[chosen]}\n\n{closing}"
    most = preview.LONGEST.get(channel)
    return show(
        "preview.html", staff=staff, row=row, text=text, channel=channel, level=chosen, channels=CHANNELS,
        closing=closing, sms=preview.as_sms(said), said=said, messages=preview.messages(said, most) if most else [],
    )  # fmt: skip
