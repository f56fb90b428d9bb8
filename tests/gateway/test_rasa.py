"""What Rasa is given of a message, and that nothing comes of one that was only read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.conversation.dialogue import READ_BY_DIALOGUE
from bot.conversation.message import Kind
from bot.database import Database
from bot.gateway.rasa import RasaDialogue, shorten
from evaluation.running import Patient, Running


@given(st.text())
def test_typed_text_never_begins_like_a_command(text: str) -> None:
    short = shorten(text)
    assert not short.startswith("/")
    assert len(short) <= READ_BY_DIALOGUE
    assert short in text


def test_a_long_message_is_cut_at_a_sentence() -> None:
    text = "This is one sentence of many. " * 60
    assert shorten(text).endswith(".")
    assert READ_BY_DIALOGUE / 2 < len(shorten(text)) <= READ_BY_DIALOGUE


def test_every_form_of_a_slash_is_taken_away() -> None:
    for typed in ("/restart", "  /restart", "\u200b/restart", "\uff0frestart", "//restart", "\ufeff\u2044/restart"):
        assert shorten(typed) == "restart"


@pytest.mark.served
async def test_a_message_that_was_read_and_dropped_leaves_nothing(axis: Running) -> None:
    environment = dict(
        part.split("=", 1) for part in Path(f"/proc/{axis.pid}/environ").read_text().split("\0") if "=" in part
    )
    patient, secret = Patient(axis.url), SecretStr((axis.var / "internal-secret").read_text())
    url = f"http://127.0.0.1:{environment['AXIS_RASA_PORT']}"
    async with RasaDialogue(url, secret, limit_s=20) as dialogue:
        dropped, kept = dialogue.begin("what is clomid, dropped"), dialogue.begin("what is clomid, kept")
        assert dropped and kept
        dropped.drop()
        assert await dropped._asking is None
        reply = await dialogue.answer(
            patient.path.rpartition("/")[2], text="what is clomid, kept", offer=None, begun=kept
        )
        assert reply.kind is Kind.ANSWER
    with Database(f"sqlite:///{axis.var / 'axis.sqlite'}").reading() as session:
        rows = session.connection().exec_driver_sql("SELECT events FROM tracker_turns").all()
    assert [row[0] for row in rows if "what is clomid, kept" in row[0]]
    assert not [row[0] for row in rows if "what is clomid, dropped" in row[0]]
