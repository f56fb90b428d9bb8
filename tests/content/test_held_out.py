"""Questions by people who did not see the ways of asking find their topic; questions about something else find none."""

from collections.abc import Callable

import pytest
import yaml

from actions.shop import Shop
from bot.content.search import Match, Question, Verdict, decide, worth_offering
from bot.settings import ROOT, Settings

PHRASES = ROOT / "evaluation" / "phrases"

Ranked = Callable[[str], list[Match]]


@pytest.fixture
def shop(stocked_settings: Settings) -> Shop:
    made = Shop(stocked_settings)
    made.refresh()
    return made


@pytest.fixture
def ranked(shop: Shop) -> Ranked:
    def rank(text: str) -> list[Match]:
        terms = [mention.term for mention in shop.fixed.lexicon.find(text)]
        drugs = frozenset(term.id for term in terms if term.kind == "drugs")
        named = frozenset(term.id for term in terms)
        return shop.rank(Question(text=text, vector=shop.encoder.encode([text]), terms=named, drugs=drugs))

    return rank


def _questions(half: str) -> dict[str, list[str]]:
    """Two or three questions for each topic, by somebody who had not seen its ways of asking."""
    return dict(yaml.safe_load((PHRASES / f"topics-{half}.yml").read_text(encoding="utf-8")))


@pytest.mark.parametrize(("half", "least"), [("a", 0.92), ("b", 0.92), ("c", 0.85)])
def test_the_right_topic_comes_first_or_is_among_the_choices(
    shop: Shop, ranked: Ranked, half: str, least: float
) -> None:
    """Of 275, 278 and 39; the last are for the topics of 2026-11-29 alone. Short questions ("what is shbg") that happen
    to be a way of asking word for word prove nothing: left out.
    """
    asked = _questions(half)
    ways = {way.lower() for topic in shop.catalogue.served.values() for way in topic.questions}
    unseen = [
        (topic, text) for topic, texts in asked.items() for text in texts if text.lower().rstrip("?. ") not in ways
    ]
    found = [(topic, ranked(text)) for topic, text in unseen]
    first = sum(matches[0].topic.topic == topic for topic, matches in found)
    offered = sum(topic in [match.topic.topic for match in matches] for topic, matches in found)
    assert first / len(found) >= least
    assert offered / len(found) >= 0.98


def test_what_is_offered_is_near_and_holds_the_right_topic(ranked: Ranked) -> None:
    """Measured 53 of 61 with 2.7 choices each, where four are always offered 55."""
    asked = {text: topic for half in "abc" for topic, texts in _questions(half).items() for text in texts}
    unsure = {text: matches for text in asked if decide(matches := ranked(text)) is Verdict.ASK_BACK}
    offered = {text: [match.topic.topic for match in worth_offering(matches)] for text, matches in unsure.items()}
    assert sum(asked[text] in near for text, near in offered.items()) / len(offered) >= 0.8
    assert sum(map(len, offered.values())) / len(offered) <= 3


def test_a_question_about_something_else_gets_no_answer(ranked: Ranked) -> None:
    """Measured 92.5 in a hundred; 95 before there were texts on storage, injections and food, which ask about those of
    other medicines find, too.
    """
    outside = yaml.safe_load((PHRASES / "outside.yml").read_text(encoding="utf-8"))
    silent = sum(decide(ranked(text)) is Verdict.NOTHING for text in outside)
    assert silent / len(outside) >= 0.91


def test_a_weak_match_is_offered_and_not_shown(ranked: Ranked) -> None:
    for text in (
        "stung by a bee on my toe, it's fat and itchy, that's it. clomid tonight ok?",
        "Mum's moved into a home and they need the list of her hormone tablets. can you post it",
    ):
        assert decide(ranked(text)) is Verdict.ASK_BACK
