"""What a patient takes from a conversation and says of it: the sheet for a visit, whether an answer helped."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from bot.conversation import feedback, guard, store, visit
from bot.conversation.message import Message, Role
from bot.database import SESSION
from bot.gateway.api import Api_, Mine, reading, writing
from bot.triage import store as tickets

router = APIRouter(prefix="/api/v1", tags=["conversation"])


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Helpful(_Strict):
    """Whether a reply helped."""

    helpful: bool


class VisitSheet(_Strict):
    """The sheet: its parts, and the whole of it as plain text."""

    told: list[str]
    asked: list[str]
    read: list[str]
    questions: list[str]
    text: str


class Handed(_Strict):
    """That the team has the sheet."""

    messages: list[Message]


MessageId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.put("/conversations/{conversation_id}/messages/{message_id}/helpful")
async def helpful(said: Helpful, conversation: Mine, message_id: MessageId, request: Request) -> Helpful:
    """Keep whether a reply helped; the last word counts."""
    await writing(
        request,
        lambda session: feedback.give(
            session, conversation.id, message_id, helpful=said.helpful, now=datetime.now(UTC)
        ),
    )
    return said


@router.get("/conversations/{conversation_id}/visit-sheet")
async def visit_sheet(conversation: Mine, api: Api_, request: Request) -> VisitSheet:
    """What was told, asked and read, and questions for the clinician, on one page."""
    fixed = api.house.fixed
    found = await reading(request, lambda session: store.history(session, conversation.id))
    made = visit.sheet([message for _, message in found], fixed)
    text = visit.as_text(made, fixed, now=datetime.now(UTC))
    return VisitSheet(
        told=list(made.told), asked=list(made.asked), read=list(made.read), questions=list(made.questions), text=text
    )


@router.post("/conversations/{conversation_id}/visit-sheet", status_code=201)
async def hand_over(conversation: Mine, api: Api_, request: Request) -> Handed:
    """Hand the sheet to the team: asking for it is the consent. The ticket is committed before the patient is told."""
    fixed, now = api.house.fixed, datetime.now(UTC)

    def work(session: SESSION) -> Message:
        made = visit.sheet([message for _, message in store.history(session, conversation.id)], fixed)
        tickets.open_ticket(
            session,
            conversation_id=conversation.id,
            assessment=fixed.urgency.assess("visit_sheet"),
            matched="visit_sheet",
            summary=visit.as_text(made, fixed, now=now),
            now=now,
        )
        said = guard.close(fixed.say("visit_handed"), fixed.closing("general"), role=Role.ASSISTANT)
        store.tell(session, conversation.id, said)
        return said

    said = await writing(request, work)
    api.bell.ring(conversation.id)
    return Handed(messages=[said])
