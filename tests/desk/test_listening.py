"""What the rules find in a caller's words: pure cases, and that the guide covers every rule."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.fixed import Fixed
from bot.desk import guide
from bot.desk.listening import Understood, listen, mark
from bot.errors import DataError
from bot.safety.red_flags import Level
from bot.settings import Settings
from bot.triage.ticket import Urgency

FILE = Settings().language_dir / "phone.yml"
FIXED = Fixed.load(Settings())
GUIDE = guide.load(FILE, FIXED)


def heard(said: str, *further: str) -> Understood:
    return listen(said, further=further, fixed=FIXED, guide=GUIDE)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("i have crushing chest pain right now", "chest_pain"),
        ("her husband has crushing chest pain", "chest_pain"),
        ("caller says he wants to kill himself", "suicidal"),
        ("she doesn\u2019t want to live any more", "suicidal"),
        ("he took all his tablets", "overdose"),
        ("my child touched my testosterone gel", "gel_on_others"),
    ],
)
def test_a_red_flag_is_found_in_whose_words_it_may_be(said: str, rule: str) -> None:
    found = heard(said)
    assert [flag.alarm.rule for flag in found.flags] == [rule]
    assert all(word in said for word in found.flags[0].alarm.words)
    assert "flag" in {part.kind for part in found.marked}


def test_an_answer_or_the_summary_can_raise_the_alarm_too() -> None:
    for further in (("crushing chest pain since noon",), ("mild", "she wants to end her life")):
        assert heard("asks about an appointment", *further).flags


def test_several_red_flags_are_all_shown_the_most_urgent_first() -> None:
    found = heard("she found a lump in her breast. her husband has crushing chest pain.")
    assert [flag.alarm.level for flag in found.flags] == [Level.EMERGENCY, Level.URGENT]
    assert found.assessment.level is Urgency.EMERGENCY


def test_what_is_denied_is_no_alarm_but_is_to_be_asked_about() -> None:
    found = heard("no chest pain at all, wants an appointment")
    assert found.flags == ()
    assert [(flag.alarm.rule, flag.alarm.scope) for flag in found.doubtful] == [("chest_pain", "no")]
    assert found.assessment.level is Urgency.ROUTINE


def test_a_question_about_a_dose_is_for_a_clinician_whoever_asks() -> None:
    found = heard("how much clomid should he take")
    assert found.refusal is not None
    assert found.refusal.id == "refusal:dose"
    assert FIXED.clinic.telephone in " ".join(found.refusal.paragraphs)
    assert found.steps == tuple(GUIDE.steps("refusal"))


def test_texts_that_only_a_screen_can_say_are_left_out() -> None:
    [flag] = heard("i want to kill myself").flags
    whole = FIXED.red_flags.replies["crisis_suicide"].paragraphs
    assert len(flag.text.paragraphs) == len(whole) - 1
    assert "computer" not in " ".join(flag.text.paragraphs)
    assert FIXED.numbers.crisis_number in " ".join(flag.text.paragraphs)


def test_every_symptom_red_flag_and_refusal_has_questions() -> None:
    assert GUIDE.covered == {
        "symptoms": {term.id for term in FIXED.lexicon.terms("symptoms")},
        "red_flags": {rule.id for rule in FIXED.red_flags.rules},
        "refusals": {rule.id for rule in FIXED.refusals.rules},
    }
    for level in (*Level, "refusal", "none"):
        assert GUIDE.steps(level)
        assert "{" not in " ".join(GUIDE.steps(level))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("always: [since_when", "always: [no_such_question"),
        ("symptoms: [chest_pain", "symptoms: [no_such_symptom"),
        ("crisis_suicide: I am a computer program.", "crisis_suicide: It says something else."),
        ("Tell the clinician on duty at once.", "Tell {no_such_person} at once."),
    ],
)
def test_a_guide_that_names_what_is_not_there_stops_the_start(tmp_path: Path, old: str, new: str) -> None:
    text = FILE.read_text()
    assert old in text
    path = tmp_path / "phone.yml"
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=r"phone\.yml"):
        guide.load(path, FIXED)


@given(st.text(max_size=200))
def test_any_text_is_read_and_marked_whole(said: str) -> None:
    assert "".join(part.text for part in heard(said).marked) == said


@given(st.text(alphabet="hes hasRT\u0131'\u2019\u0130 he ", max_size=60))
def test_the_first_person_keeps_its_places(said: str) -> None:
    own, places = GUIDE.in_first_person(said)
    assert len(own) == len(places)
    assert places == sorted(places)
    assert all(0 <= place < len(said) for place in places)


def test_where_marks_overlap_the_red_flag_wins() -> None:
    parts = mark("chest pain", {"flag": [(0, 5)], "refusal": [], "term": [(0, 10)]})
    assert [(part.text, part.kind) for part in parts] == [("chest", "flag"), (" pain", "term")]
