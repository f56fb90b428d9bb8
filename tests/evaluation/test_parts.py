"""The parts of the report: phrases that are whole, replies judged, Markdown that nothing breaks, figures drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.conversation.fixed import Fixed
from bot.lexicon import Lexicon
from bot.settings import Settings
from evaluation import dialogues, drawing, held_out, report
from evaluation.asking import alarm, sort
from evaluation.dialogues import Turn, wrong
from evaluation.entities import measure
from evaluation.figures import Share, reliability
from evaluation.finding import Asked
from evaluation.markdown import bullets, quoted, section, table
from evaluation.safety import raised, recall
from evaluation.understanding import Guessed, confusions, coverage, matrix, nearest


def reply(kind: str, *topics: str, level: str = "plain") -> dict[str, Any]:
    return {"kind": kind, "provenance": [{"topic": one, "level": level} for one in topics], "choices": []}


@pytest.mark.parametrize(
    ("message", "raises", "is_a"),
    [
        (reply("emergency", "emergency:eyes"), "emergency", "emergency"),
        (reply("crisis"), "crisis", "crisis"),
        (reply("answer", "urgent:calf"), "urgent", "urgent"),
        (reply("answer", "hcg"), "", "answer"),
        (reply("fallback"), "", "fallback"),
    ],
)
def test_a_reply_raises_what_its_text_is_for(message: dict[str, Any], raises: str, is_a: str) -> None:
    assert (alarm(message), sort(message)) == (raises, is_a)


def test_what_raised_an_alarm_is_named(fixed: Fixed) -> None:
    text = "crushing chest pain right now"
    by_rule = raised("safety", "emergency", text, reply("emergency", "emergency:emergency_chest"), fixed=fixed)
    by_net = raised("safety", "urgent", "hello", reply("answer", "urgent:urgent_general"), fixed=fixed)
    silent = raised("safety", "urgent", "hello", reply("smalltalk"), fixed=fixed)
    assert by_rule.cause.startswith("rule `")
    assert (by_net.cause, by_net.found, by_net.without_rasa) == ("second net", "urgent", "")
    assert (silent.cause, silent.found) == ("nothing", "")
    assert recall([by_rule, by_net, silent], "urgent") == (Share(0, 2), Share(1, 2))


@pytest.mark.parametrize(
    ("turn", "message", "fault"),
    [
        (Turn(say="x", sort=["answer"], topics=["hcg|gnrh"]), reply("answer", "gnrh"), ""),
        (Turn(say="x", sort=["answer"], topics=["hcg", "gnrh"]), reply("answer", "gnrh"), "hcg not shown, but gnrh"),
        (Turn(say="x", sort=["refusal", "form"]), reply("answer"), "answer instead of refusal or form"),
        (Turn(say="x", sort=["crisis"]), reply("crisis", "crisis:general"), ""),
        (Turn(say="x", sort=["answer"], level="detail"), reply("answer", "hcg"), "at level plain instead of detail"),
        (Turn(say="x", sort=["answer"], level="plain"), reply("answer", "hcg"), ""),
    ],
)
def test_a_turn_says_what_differs(turn: Turn, message: dict[str, Any], fault: str) -> None:
    assert wrong(turn, message) == fault


def test_the_outcome_of_a_question_is_in_words() -> None:
    def outcome(kind: str, shown: set[str], offered: set[str]) -> str:
        return Asked("a", "hcg", "?", ("hcg",), False, kind, frozenset(shown), frozenset(offered)).outcome

    assert outcome("answer", {"hcg", "gnrh"}, set()) == "answer with the right text"
    assert outcome("answer", {"gnrh"}, {"hcg"}) == "answer with another text"
    assert outcome("clarification", set(), {"hcg"}) == "asked back, the right one offered"
    assert outcome("clarification", set(), set()) == "asked back without the right one"
    assert outcome("urgent", set(), set()) == "alarm"
    assert outcome("refusal", set(), set()) == "refusal"


def test_confusions_and_coverage_are_counted() -> None:
    found = [
        Guessed("a", "greet", "greet", 0.9, 1.0, True),
        Guessed("b", "greet", "thank", 0.5, 1.0, True),
        Guessed("c", "thank", "thank", 0.5, 0.0, False),
        Guessed("d", "out_of_scope", "thank", 0.5, 1.0, True),
    ]
    assert confusions(found)[0] == (("greet", "thank"), 1)
    assert matrix(found[:3], ["greet", "thank"]).tolist() == [[1, 1], [0, 1]]
    assert coverage(found) == (Share(2, 3), Share(1, 2))


def test_the_nearest_is_never_the_phrase_itself() -> None:
    vectors = np.eye(3, 384, dtype=np.float32)
    vectors[2] = vectors[1]
    assert nearest(vectors, vectors).tolist() == [1, 1, 1]
    assert nearest(vectors, vectors, among_themselves=True).tolist() == [0, 1, 1]
    assert nearest(vectors[:1], vectors[1:]).tolist() == [0]


def test_the_conversations_are_whole_and_name_topics_that_exist() -> None:
    conversations = dialogues.read()
    topics = {path.stem for path in (Settings().language_dir / "topics").glob("*.md")}
    named = {
        one for each in conversations for turn in each.turns for names in turn.topics for one in names.split("|")
    }  # fmt: skip
    assert len(conversations) == len({one.name for one in conversations}) == 40
    assert named <= topics


def test_the_sentences_on_entities_name_terms_that_exist() -> None:
    lexicon = Lexicon.load(Settings().language_dir / "lexicon")
    named = measure(lambda text: frozenset())
    assert len(named) == len({one.text for one in named}) == 150
    assert [one.text for one in named if not all(term in lexicon for term in one.wanted)] == []


@pytest.mark.parametrize("name", ["intents-a", "intents-b", "intents-c"])
def test_next_to_no_phrase_for_measuring_is_trained_on_word_for_word(name: str) -> None:
    """Short phrases ("and if it doesnt work?") cannot help but coincide; the report counts without them, too."""
    trained = {held_out.same(text) for _, text in held_out.training()}
    measured = [text for _, text in held_out.flat(name)]
    assert Share.among(held_out.same(text) in trained for text in measured).value < 0.01


def test_questions_about_a_danger_are_not_among_the_ordinary() -> None:
    near, ordinary = set(held_out.about_danger()), set(held_out.ordinary())
    assert near
    assert not near & ordinary
    every = {(name, text) for name in held_out.TOPICS for _, text in held_out.flat(name)}
    assert every <= near | ordinary


def test_markdown_keeps_what_people_type_in_its_place() -> None:
    assert table(("a", "b"), [("x|y", "two\nlines")]).splitlines()[2] == "| x\\|y | two lines |"
    assert bullets([]) == "None."
    assert bullets([quoted("one\n\n# two")]) == "- “one # two”"
    assert section("Title", "text", depth=3) == "### Title\n\ntext"


def test_every_figure_is_drawn(tmp_path: Path) -> None:
    drawing.confusion(tmp_path / "1.png", ["a", "b"], np.array([[3, 1], [0, 0]]))
    drawing.reliability(tmp_path / "2.png", {"one": reliability([0.2, 0.9], [False, True])})
    drawing.roc_curve(tmp_path / "3.png", [1.0, 2.0], [0.0, 1.5])
    drawing.shares(tmp_path / "4.png", [("x", Share(1, 2), Share(2, 2))], first="a", second="b")
    assert [path.read_bytes()[:4] for path in sorted(tmp_path.glob("*.png"))] == [b"\x89PNG"] * 4


def test_the_report_says_when_and_of_what() -> None:
    assert "at commit" in report._when()
