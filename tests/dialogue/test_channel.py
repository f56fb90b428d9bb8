"""What Rasa's door makes of a turn with several replies."""

import json

import pytest

from bot.content.blocks import Paragraph
from bot.conversation.message import Kind, Reply
from bot.dialogue.channel import whole

QUESTION = Reply(kind=Kind.FORM, blocks=[Paragraph("Since when?")])


@pytest.mark.parametrize(("kind", "asks"), [(Kind.EMERGENCY, False), (Kind.CRISIS, False), (Kind.ANSWER, True)])
def test_the_question_of_a_form_waits_after_an_alarm(kind: Kind, asks: bool) -> None:
    said = Reply(kind=kind, blocks=[Paragraph("Said first.")])
    made = json.loads(whole([one.model_dump(mode="json") for one in (said, QUESTION)]).body)
    assert "Said first." in json.dumps(made)
    assert ("Since when?" in json.dumps(made)) is asks
