"""The closing guard: whatever is said ends with its referral, in the text that every channel shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.blocks import BulletList, Notice, Paragraph, Table, as_text
from bot.conversation import guard
from bot.conversation.message import Closing, Kind, Offer, Reply

CLOSING = Closing(id="general", text="Please talk with your clinician.")
TEXT = st.text(min_size=1).filter(str.strip)
BLOCKS = st.lists(
    st.one_of(
        TEXT.map(Paragraph),
        TEXT.map(Notice),
        st.lists(TEXT, min_size=1).map(BulletList),
        st.tuples(TEXT, TEXT, TEXT, TEXT).map(lambda t: Table(t[0], columns=["", t[1]], rows=[[t[2], t[3]]])),
    ),
    min_size=1,
)


@given(BLOCKS, st.sampled_from(Kind))
def test_every_reply_with_words_ends_with_its_closing_and_loses_none(blocks: list[Paragraph], kind: Kind) -> None:
    message = guard.close(Reply(kind=kind, blocks=blocks), CLOSING)
    assert guard.is_closed(message)
    assert all(as_text(block).strip() in message.text for block in blocks)


@pytest.mark.parametrize("blocks", [[], [Paragraph("")], [Paragraph("  \n")]])
def test_a_reply_without_words_is_refused(blocks: list[Paragraph]) -> None:
    with pytest.raises(ValueError, match="words"):
        guard.close(Reply(kind=Kind.ANSWER, blocks=blocks), CLOSING)


def test_an_empty_closing_is_refused() -> None:
    with pytest.raises(ValueError, match="closing"):
        guard.close(Reply(kind=Kind.ANSWER, blocks=[Paragraph("words")]), Closing(id="general", text=" "))


def test_a_buttons_id_tells_its_message_and_not_what_it_does() -> None:
    offers = [Offer(title="More", intent="choose_topic", entities={"topic": "secret-topic"})]
    message = guard.close(Reply(kind=Kind.ANSWER, blocks=[Paragraph("words")], offers=offers), CLOSING)
    assert [choice.id for choice in message.choices] == [f"{message.id}.0"]
    assert "secret-topic" not in message.model_dump_json()
