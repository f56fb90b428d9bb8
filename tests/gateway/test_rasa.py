"""What Rasa is given of a message."""

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.turn import READ_BY_DIALOGUE
from bot.gateway.rasa import shorten


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
