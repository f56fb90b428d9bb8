"""The search for the staff pages: a small private endpoint, since only this process has the encoder."""

import hmac

import structlog
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, empty
from sanic.response import json as json_response

from actions.memory import Memory
from actions.shop import Shop
from actions.topics import question_of
from actions.turn import Part
from bot.content.search import POSSIBLE, Verdict, decide
from bot.dialogue.parts import split

log = structlog.get_logger()

MOST_CHARACTERS = 4000


def nearest(text: str, shop: Shop) -> list[dict[str, object]]:
    """The topics nearest to what somebody asks, the likeliest of each question first.

    Args:
        text: one question or several.
        shop: is brought up to date first.

    Raises:
        Unavailable: the database did not answer.
    """
    shop.refresh()
    columns = []
    for part in split(text):
        matches = shop.rank(question_of(Part(part, "", Memory(), named=shop.fixed.lexicon.find(part)), shop))
        sure = decide(matches) is Verdict.ANSWER
        near = [match for match in matches if match.likeness >= POSSIBLE or (sure and match is matches[0])]
        columns.append([(match.topic.topic, sure and match is matches[0]) for match in near])
    longest = max(map(len, columns), default=0)
    in_turn = [column[place] for place in range(longest) for column in columns if place < len(column)]
    found: dict[str, bool] = {}
    for topic, sure in in_turn:
        found.setdefault(topic, sure)
    return [{"topic": topic, "sure": sure} for topic, sure in found.items()]


def serve(app: Sanic, shop: Shop, secret: str) -> None:
    """Add the endpoint; without a secret it refuses everybody.

    Args:
        app: the action server.
        shop: what is searched.
        secret: shared with the web process.
    """
    expected = f"Bearer {secret}".encode()

    @app.post("/axis/search")
    async def search(request: Request) -> HTTPResponse:
        given = request.headers.get("Authorization", "").encode()
        if not secret or not hmac.compare_digest(given, expected):
            return empty(401)
        try:
            return json_response({"nearest": nearest(str(request.json["text"])[:MOST_CHARACTERS], shop)})
        except Exception as error:  # rasa_sdk would answer with the whole request and log it
            log.error("search.failed", error=type(error).__name__)
            return empty(503)
