"""The rules within Rasa: they decide the dialogue, unless the second net is sure of the contrary or found worse."""

import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.dialogue.red_flags import DANGER, RedFlagDetector
from bot.safety.contest import DOUBTED, PLAINLY
from bot.safety.red_flags import Level

PAST = "my laptop collapsed under the weight of your forms, can i bring them in on paper on tuesday instead please"


@pytest.mark.parametrize(
    ("text", "danger", "intent", "wanted"),
    [
        (PAST, DOUBTED[Level.EMERGENCY] / 2, "ask_hours", "ask_hours"),
        (PAST, DOUBTED[Level.EMERGENCY], "ask_hours", "report_emergency"),
        (PAST, None, "ask_hours", "report_emergency"),
        ("he collapsed", 0.0, "ask_hours", "report_emergency"),
        (f"{PAST} today", DOUBTED[Level.EMERGENCY] / 2, "ask_hours", "report_emergency"),
        (f"{PAST} today", DOUBTED[Level.EMERGENCY] * PLAINLY / 2, "ask_hours", "ask_hours"),
        ("how many of these would kill a man, that is only a joke of mine", 0.0, "ask_dose", "report_crisis"),
        ("what is shbg", 0.9, "ask_lab_marker", "ask_lab_marker"),
        ("i found a lump in my breast", 0.9, "report_emergency", "report_emergency"),
        ("i found a lump in my breast", 0.9, "report_symptom", "report_urgent"),
    ],
)
def test_a_rule_decides_unless_the_net_is_sure_or_found_worse(
    text: str, danger: float | None, intent: str, wanted: str
) -> None:
    message = Message({TEXT: text, "intent": {"name": intent}, **({} if danger is None else {DANGER: danger})})
    [found] = RedFlagDetector().process([message])
    assert found.get("intent")["name"] == wanted
