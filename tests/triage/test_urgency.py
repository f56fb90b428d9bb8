"""Rules of urgency: what opened a ticket and what the intake's answers say; combinations only ever raise the level."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DataError, NotAllowed
from bot.roles import Role
from bot.settings import Settings
from bot.triage import urgency
from bot.triage.ticket import Urgency, check_urgency
from bot.triage.urgency import Answers

RULES = urgency.load(Settings().data_dir / "urgency.yml")


@pytest.mark.parametrize(
    ("opened_by", "answers", "level", "rule"),
    [
        ("emergency", {}, Urgency.EMERGENCY, "emergency_words"),
        ("crisis", {"severity": "mild"}, Urgency.EMERGENCY, "emergency_words"),
        ("urgent", {}, Urgency.SAME_DAY, "urgent_words"),
        ("asked_for_person", {}, Urgency.ROUTINE, "asked_for_person"),
        ("intake", {"severity": "mild", "course": "better"}, Urgency.ROUTINE, "asked_for_person"),
        ("intake", {"severity": "severe"}, Urgency.SOON, "severe"),
        ("intake", {"course": "worse"}, Urgency.SOON, "worse"),
        ("intake", {"severity": "severe", "course": "worse"}, Urgency.SAME_DAY, "severe_and_worse"),
        ("intake", {"symptoms": ["a", "b", "c"]}, Urgency.SOON, "several_symptoms"),
        ("intake", {"symptoms": ["a", "a", "b"]}, Urgency.ROUTINE, "asked_for_person"),
        ("intake", {"symptoms": ["a", "b", "c"], "course": "worse"}, Urgency.SAME_DAY, "several_and_worse"),
        ("emergency", {"severity": "severe", "course": "worse"}, Urgency.EMERGENCY, "emergency_words"),
        ("something new", {}, Urgency.SAME_DAY, "unknown"),
    ],
)
def test_the_highest_rule_that_holds_decides(opened_by: str, answers: Answers, level: Urgency, rule: str) -> None:
    found = RULES.assess(opened_by, answers)
    assert (found.level, found.rule, found.version) == (level, rule, 2)


_ANSWERS = st.dictionaries(
    st.sampled_from(["severity", "course", "symptoms", "on_treatment", "other"]),
    st.one_of(st.sampled_from(["severe", "mild", "worse", "yes"]), st.lists(st.sampled_from("abcd"), max_size=4)),
)


@given(st.sampled_from(["emergency", "crisis", "urgent", "distress", "asked_for_person", "intake"]), _ANSWERS)
def test_answers_never_lower_the_level(opened_by: str, answers: Answers) -> None:
    assert RULES.assess(opened_by, answers).level.rank <= RULES.assess(opened_by).level.rank


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{id: a, when: {}, level: soon, reason: r, source: s}", "look at something"),
        ("{id: a, when: {opened_by: [x]}, level: now, reason: r, source: s}", "level"),
        ("{id: a, when: {opened_by: [x]}, level: soon, reason: r}", "source"),
    ],
)
def test_a_rule_that_does_not_fit_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "urgency.yml"
    path.write_text(f"version: 3\nurgency:\n  - {text}\n")
    with pytest.raises(DataError, match=said):
        urgency.load(path)


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "urgency.yml"
    rule = "  - {id: a, when: {answers: {x: [y]}}, level: soon, reason: r, source: s}\n"
    path.write_text(f"version: 3\nurgency:\n{rule}{rule}")
    with pytest.raises(DataError, match="this id"):
        urgency.load(path)


def test_staff_raise_freely_and_lower_with_a_reason() -> None:
    check_urgency(Urgency.SOON, Urgency.EMERGENCY, role=Role.FRONT_DESK, reason="")
    check_urgency(Urgency.SOON, Urgency.ROUTINE, role=Role.FRONT_DESK, reason="called, all well")
    with pytest.raises(NotAllowed, match="say why"):
        check_urgency(Urgency.SOON, Urgency.ROUTINE, role=Role.FRONT_DESK, reason=" ")
    with pytest.raises(NotAllowed, match="reviewer"):
        check_urgency(Urgency.SOON, Urgency.EMERGENCY, role=Role.REVIEWER, reason="")
