"""For those who run Axis: liveness, readiness with a real question, and Prometheus's figures."""

from datetime import UTC, datetime

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel

from bot.content import governance
from bot.conversation.turn import House
from bot.database import Database
from bot.errors import Unavailable
from bot.gateway.rasa import RasaDialogue
from bot.settings import Mode

router = APIRouter(tags=["operation"])

READY = Gauge("axis_ready", "1 when the last readiness check passed, by part", ["part"])


class Health(BaseModel):
    """The process lives."""

    status: str = "ok"


class Readiness(BaseModel):
    """Which parts do their work."""

    ready: bool
    parts: dict[str, bool]


@router.get("/healthz")
async def healthz() -> Health:
    """Whether the process lives; asks nothing else."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether a patient would be served: a value is written and read back, and a canary question answered."""
    dialogue: RasaDialogue = request.app.state.dialogue
    house: House = request.app.state.api.house
    parts = {
        "store": await to_thread.run_sync(_probe, house.database),
        "dialogue": await dialogue.ready(),
        "safety_texts": await to_thread.run_sync(_texts_may_be_said, house, request.app.state.mode),
    }
    for part, well in parts.items():
        READY.labels(part).set(well)
    ready = all(parts.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=parts)


def _probe(database: Database) -> bool:
    try:
        database.probe()
    except Unavailable:
        return False
    return True


def _texts_may_be_said(house: House, mode: Mode) -> bool:
    """In production every fixed text of safety must be approved and in date before anybody is served."""
    if mode is Mode.DEMO:
        return True
    try:
        with house.database.reading() as session:
            return not governance.unapproved(session, house.fixed.drafts(), today=datetime.now(UTC).date())
    except Unavailable:
        return False


@router.get("/metrics")
def metrics() -> Response:
    """Prometheus's figures; no patient's words, no ids."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
