"""The public HTTP contract, `/api/v1`: other programs build on it, and OpenAPI describes it."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.conversation import erasure, guard, privacy, store
from bot.conversation.bell import Bell
from bot.conversation.message import Message, State
from bot.conversation.turn import House, Incoming, take_turn
from bot.errors import Conflict, NotFound, TooMuch, Unauthorized
from bot.gateway.channel import storable
from bot.gateway.limits import Rates
from bot.words import OpeningHours

T = TypeVar("T")

MOST_CHARACTERS = 4000
POLL_S = 10.0
"""Seconds after which an event stream looks for itself, in case another process wrote."""

REPLIES = Counter("axis_replies_total", "Replies sent, by kind", ["kind"])
UNSTORED = Counter("axis_replies_unstored_total", "Replies that went out although nothing could be stored")
TURN_S = Histogram(
    "axis_turn_seconds", "Time from a message to its reply", buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8)
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Open(_Strict):
    """What opens a conversation."""

    channel: str = Field("web", pattern=r"^[a-z]{2,20}$")
    locale: str = Field("en", pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")
    consent_version: str = Field(max_length=40)


class Opened(_Strict):
    """An opened conversation. The token is shown this once."""

    conversation_id: str
    token: str
    messages: list[Message]


class Say(_Strict):
    """A patient's message: text, or the id of a button."""

    client_message_id: UUID
    text: str | None = None
    choice: str | None = Field(None, max_length=60)

    @field_validator("text")
    @classmethod
    def _storable(cls, text: str | None) -> str | None:
        return None if text is None else storable(text)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.choice is None):
            raise ValueError("give either text or choice")
        if self.text is not None and not self.text.strip():
            raise ValueError("the text is empty")
        return self


class Said(_Strict):
    """The reply, and who is to speak next."""

    messages: list[Message]
    state: State


class Page(_Strict):
    """A page of the history; `cursor` continues it."""

    messages: list[Message]
    cursor: str
    state: State


class Erased(_Strict):
    """The receipt of an erasure."""

    receipt_id: str
    erased_at: datetime
    messages: int
    tracker_turns: int


class Consent(_Strict):
    """What a patient agrees to."""

    version: str
    text: str


class CrisisLine(_Strict):
    """Whom to call in a crisis of the mind."""

    name: str
    number: str


class EmergencyNumbers(_Strict):
    """Of the clinic's country."""

    emergency: str
    crisis_line: CrisisLine
    poison_line: str | None = None


class ClinicFacts(_Strict):
    """What anybody may know of the clinic."""

    name: str
    country: str
    telephone: str
    opening_hours: list[OpeningHours]
    emergency_numbers: EmergencyNumbers
    consent: Consent


@dataclass(frozen=True)
class Api:
    """What the routes work with, put together by `bot.app`."""

    house: House
    rates: Rates
    bell: Bell


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks about which conversation; the store decides whether they may."""

    conversation_id: str
    token: str


def api_of(request: Request) -> Api:
    """What the routes work with."""
    api: Api = request.app.state.api
    return api


async def caller(request: Request, conversation_id: str, authorization: Annotated[str, Header()] = "") -> Caller:
    """The conversation and the secret of a request.

    Raises:
        Unauthorized: there is no bearer token.
        TooMuch: this address asks too often.
    """
    api_of(request).rates.request(request)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("send the conversation's token as Authorization: Bearer <token>")
    return Caller(conversation_id, token.strip())


async def authorised(request: Request, who: Annotated[Caller, Depends(caller)]) -> store.Conversation:
    """The conversation, if the token is its own."""
    return await reading(request, lambda session: store.authorise(session, who.conversation_id, who.token))


async def reading(request: Request, work: Callable[[Any], T]) -> T:
    """What `work` finds in the database, in another thread."""
    house = api_of(request).house

    def run() -> T:
        with house.database.reading() as session:
            return work(session)

    return await to_thread.run_sync(run, limiter=house.storing)


async def writing(request: Request, work: Callable[[Any], T]) -> T:
    """What `work` gives, committed, in another thread."""
    house = api_of(request).house

    def run() -> T:
        with house.database.writing() as session:
            return work(session)

    return await to_thread.run_sync(run, limiter=house.storing)


router = APIRouter(prefix="/api/v1", tags=["conversation"])


async def _api(request: Request) -> Api:
    """`api_of` as a dependency; one that is not async would be sent to another thread and back."""
    return api_of(request)


Api_ = Annotated[Api, Depends(_api)]
Mine = Annotated[store.Conversation, Depends(authorised)]


@router.get("/clinic")
def clinic(api: Api_, request: Request) -> ClinicFacts:
    """The clinic's facts, and the consent as it stands."""
    api.rates.request(request)
    fixed = api.house.fixed
    facts, numbers = fixed.clinic, fixed.numbers
    return ClinicFacts(
        name=facts.name,
        country=facts.country,
        telephone=facts.telephone,
        opening_hours=fixed.opening_hours(now=datetime.now(UTC)),
        emergency_numbers=EmergencyNumbers(
            emergency=numbers.emergency,
            crisis_line=CrisisLine(name=numbers.crisis_name, number=numbers.crisis_number),
            poison_line=numbers.poison,
        ),
        consent=Consent(version=facts.consent_version, text="\n\n".join(fixed.words.paragraphs("consent"))),
    )


@router.post("/conversations", status_code=201)
async def open_conversation(wanted: Open, api: Api_, request: Request) -> Opened:
    """Open a conversation; its token is in this answer and nowhere else."""
    api.rates.request(request)
    api.rates.conversation(request)
    fixed = api.house.fixed
    if wanted.consent_version != fixed.clinic.consent_version:
        present = clinic(api, request).consent.model_dump()
        raise Conflict("the consent has changed: show the present one and ask again", consent=present)
    greeting = guard.close(fixed.say("greeting"), fixed.closing("general"))
    conversation_id, token = await writing(
        request,
        lambda session: store.open_conversation(
            session,
            channel=wanted.channel,
            locale=wanted.locale,
            consent_version=wanted.consent_version,
            greeting=greeting,
            now=datetime.now(UTC),
        ),
    )
    return Opened(conversation_id=conversation_id, token=token, messages=[greeting])


@router.post("/conversations/{conversation_id}/messages", response_model=Said)
async def say(said: Say, who: Annotated[Caller, Depends(caller)], request: Request) -> Response:
    """Take a patient's message and answer it. Sending the same `client_message_id` again gives the same reply."""
    started, api = time.perf_counter(), api_of(request)
    if said.text is not None and len(said.text) > MOST_CHARACTERS:
        raise TooMuch(f"a message may have {MOST_CHARACTERS} characters")
    alarm = api.house.fixed.alarm(said.text) if said.text else None
    if not alarm:
        api.rates.message(who.conversation_id)  # an emergency is answered however many messages came before
    outcome = await take_turn(
        Incoming(who.conversation_id, who.token, str(said.client_message_id), alarm, said.text, said.choice),
        house=api.house,
    )
    TURN_S.observe(time.perf_counter() - started)
    for message in outcome.messages:
        REPLIES.labels(message.kind).inc()
    if not outcome.stored:
        UNSTORED.inc()
    # Written here, once: FastAPI would check and convert anew what is of this type already.
    body = Said(messages=list(outcome.messages), state=outcome.state).model_dump_json()
    headers = {} if outcome.stored else {"Axis-Stored": "no"}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/conversations/{conversation_id}/messages")
async def history(
    conversation: Mine, request: Request, after: Annotated[str, Query(pattern=r"^\d{0,9}$")] = ""
) -> Page:
    """The messages after a cursor; without one, from the beginning."""
    start = int(after or 0)
    found = await reading(request, lambda session: store.history(session, conversation.id, after=start))
    cursor = found[-1][0] if found else start
    return Page(messages=[message for _, message in found], cursor=str(cursor), state=conversation.state)


@router.get("/conversations/{conversation_id}/events", response_class=EventSourceResponse)
async def events(
    conversation: Mine, api: Api_, request: Request, last_event_id: Annotated[str, Header(pattern=r"^\d{0,9}$")] = ""
) -> AsyncIterator[ServerSentEvent]:
    """Messages as they come, from the one after `Last-Event-ID`; then each change of the conversation's state."""
    after, state = int(last_event_id or 0), None
    while not await request.is_disconnected():
        try:
            current = await reading(request, lambda session: store.state(session, conversation.id))
        except NotFound:
            yield ServerSentEvent(event="erased", data={})
            return
        for seq, message in await reading(
            request, partial(store.history, conversation_id=conversation.id, after=after)
        ):
            yield ServerSentEvent(event="message", id=str(seq), data=message)
            after = seq
        if current is not state:
            state = current
            yield ServerSentEvent(event="state", data={"state": current})
        await api.bell.wait(conversation.id, at_most_s=POLL_S)


@router.get("/conversations/{conversation_id}/transcript", response_class=PlainTextResponse)
async def transcript(conversation: Mine, api: Api_, request: Request) -> PlainTextResponse:
    """The whole conversation as plain text."""
    found = await reading(request, lambda session: store.history(session, conversation.id))
    text = privacy.transcript(api.house.fixed.clinic.name, (message for _, message in found))
    headers = {"Content-Disposition": 'attachment; filename="axis-conversation.txt"'}
    return PlainTextResponse(text, headers=headers)


@router.delete("/conversations/{conversation_id}")
async def erase(conversation: Mine, api: Api_, request: Request) -> Erased:
    """Erase the conversation with all that belongs to it."""
    receipt = await writing(request, lambda session: erasure.erase(session, conversation.id, now=datetime.now(UTC)))
    api.bell.ring(conversation.id)
    return Erased(
        receipt_id=receipt.receipt_id,
        erased_at=receipt.erased_at,
        messages=receipt.messages,
        tracker_turns=receipt.tracker_turns,
    )
