"""Scope: denied, over, past, another's, in general, or to be acted on; and which word decided."""

import pytest

from bot.safety import scope
from bot.safety.matching import Matcher
from bot.safety.scope import Kind
from bot.safety.text import words
from bot.settings import Settings

RULES = scope.load(Settings().language_dir / "safety" / "scope.yml")
MATCHER = Matcher({"pain": ["chest pain", "bleeding", "clot", "stroke", "headache", "swollen"]})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i have chest pain", Kind.PRESENT),
        ("my chest pain is back", Kind.PRESENT),
        ("chest pain since this morning", Kind.PRESENT),
        ("no chest pain", Kind.DENIED),
        ("i do not have any chest pain", Kind.DENIED),
        ("i dont have bleeding", Kind.DENIED),
        ("im not bleeding", Kind.DENIED),
        ("without chest pain", Kind.DENIED),
        ("not sure if it is chest pain", Kind.PRESENT),
        ("i cant breathe and chest pain", Kind.PRESENT),
        ("no fever but chest pain", Kind.PRESENT),
        ("the bleeding has stopped", Kind.OVER),
        ("the bleeding hasnt stopped", Kind.PRESENT),
        ("the bleeding wont stop", Kind.PRESENT),
        ("the headache went away", Kind.OVER),
        ("i had a clot years ago", Kind.PAST),
        ("i used to get headache", Kind.PAST),
        ("history of clot in the family", Kind.PAST),
        ("i had a clot last year and the headache is back now", Kind.PRESENT),
        ("my sister had bleeding", Kind.OTHER),
        ("my mum got a clot", Kind.OTHER),
        ("my wife is bleeding right now", Kind.PRESENT),
        ("my friend is bleeding", Kind.PRESENT),
        ("can raloxifene cause a clot?", Kind.GENERAL),
        ("what are the signs of a stroke", Kind.GENERAL),
        ("worried about a clot", Kind.GENERAL),
        ("does tamoxifen increase the risk of stroke", Kind.GENERAL),
        ("if i had chest pain what then", Kind.GENERAL),
        ("is a headache common on hcg?", Kind.GENERAL),
        ("my leg is swollen", Kind.PRESENT),
        ("can i still travel with a clot 2 years ago", Kind.PAST),
        ("had a clot 2 years ago and it is still there", Kind.PRESENT),
    ],
)
def test_the_words_around_a_symptom_decide(text: str, kind: Kind) -> None:
    spoken = words(text)
    places = MATCHER.hits(spoken)["pain"]
    verdict = RULES.judge(spoken, *places[-1])
    assert verdict.kind is kind, verdict
    assert bool(verdict.cue) is not verdict.counts
