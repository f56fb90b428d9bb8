"""What `rasa data validate` misses: names agree both ways between domain, phrases, rules and actions."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from actions import clinic, conversation, intake, refusals, symptoms, topics, turn
from bot.datafile import read_yaml
from bot.settings import ROOT

DATA = ROOT / "data"
DOMAIN = read_yaml(ROOT / "domain.yml")
INTENTS = {next(iter(one)) for one in DOMAIN["intents"]}
NLU = {path.stem: read_yaml(path) for path in (DATA / "en" / "nlu").glob("*.yml")}
RULES = {path.stem: read_yaml(path)["rules"] for path in (DATA / "rules").glob("*.yml")}
MADE_BY_BUTTONS = {"choose_topic", "tell_help", "inform_intake"}
MADE_BY_THE_CLASSIFIER = {"nlu_fallback"}
OFTEN = {
    "ask_about_therapy", "ask_how_it_works", "ask_benefits", "ask_side_effects", "ask_comparison", "ask_suitability",
    "ask_treatment_course", "ask_monitoring", "ask_lab_marker", "ask_recovery", "ask_condition", "ask_fertility_effect",
    "share_fertility_goal", "report_symptom", "ask_symptom_cause", "ask_dose", "ask_diagnosis", "ask_stopping",
    "ask_result_judgement", "ask_hours", "book_appointment", "ask_for_person", "follow_up",
}  # fmt: skip


def examples() -> dict[str, list[str]]:
    return {
        entry["intent"]: [line.removeprefix("- ").strip() for line in entry["examples"].strip().splitlines()]
        for content in NLU.values()
        for entry in content["nlu"]
    }


def steps(rules: list[dict[str, Any]], key: str) -> set[str]:
    found = set()
    for rule in rules:
        for step in rule["steps"]:
            for one in [step, *step.get("or", [])]:
                if key in one:
                    found.add(one[key])
    return found


def test_every_intent_has_phrases_and_every_phrase_an_intent() -> None:
    assert set(examples()) == INTENTS - MADE_BY_BUTTONS - MADE_BY_THE_CLASSIFIER


def test_there_are_phrases_enough() -> None:
    few = {name: len(found) for name, found in examples().items() if len(found) < (40 if name in OFTEN else 20)}
    assert few == {}


def test_no_phrase_stands_twice_or_begins_a_command() -> None:
    phrases = [phrase.lower() for found in examples().values() for phrase in found]
    assert [phrase for phrase, count in Counter(phrases).items() if count > 1] == []
    assert [phrase for phrase in phrases if phrase.startswith("/") or not phrase] == []


def test_every_intent_has_its_rule() -> None:
    assert set().union(*(steps(rules, "intent") for rules in RULES.values())) == INTENTS


def test_every_action_is_named_and_used() -> None:
    used = set().union(*(steps(rules, "action") for rules in RULES.values()))
    forms = set(DOMAIN["forms"])
    of_forms = {f"action_ask_{slot}" for form in DOMAIN["forms"].values() for slot in form["required_slots"]}
    of_forms |= {f"validate_{form}" for form in forms}
    assert used | of_forms | {"action_intake"} == set(DOMAIN["actions"]) | forms


def test_a_rules_action_answers_its_intent() -> None:
    subjects = (
        topics.Topics,
        symptoms.Symptoms,
        refusals.Refusals,
        intake.Intake,
        clinic.Clinic,
        conversation.Conversation,
    )
    by_name = {subject().name(): set(subject.answers) for subject in subjects}
    for rules in RULES.values():
        for rule in rules:
            action = next((one["action"] for one in rule["steps"] if one.get("action") in by_name), None)
            if action:
                assert steps([rule], "intent") <= by_name[action], rule["rule"]
    assert set(turn.answers()) == INTENTS


def test_phrases_rules_and_actions_have_the_same_subjects() -> None:
    shared = {"__init__", "__main__", "framing", "intake_summary", "memory", "search", "shop", "turn"}
    modules = {path.stem for path in (ROOT / "actions").glob("*.py")} - shared
    assert set(RULES) == modules
    assert set(NLU) == modules | {"out_of_scope"}


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.yml")), ids=lambda path: str(path.relative_to(DATA)))
def test_only_rasas_own_files_use_rasas_keys(path: Path) -> None:
    if path.parent.name in ("nlu", "rules", "stories"):
        return
    assert not {"nlu", "rules", "stories", "responses"} & set(read_yaml(path))


def test_rasa_finds_nothing_to_warn_of() -> None:
    command = [
        str(Path(sys.executable).with_name("rasa")), "data", "validate", "--fail-on-warnings",
        "--data", "data/en/nlu", "data/rules", "data/stories",
    ]  # fmt: skip
    environment = {**os.environ, "ENCODER_SHA256": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_lead_through_the_test_conversations(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("rasa")), "test", "core", "--fail-on-prediction-errors",
        "--model", "models/axis.tar.gz", "--stories", "tests/conversations", "--out", str(tmp_path),
    ]  # fmt: skip
    environment = {
        **os.environ,
        "AXIS_INTERNAL_SECRET": "test",
        "ACTIONS_URL": "http://127.0.0.1:9",
        "AXIS_VAR_DIR": str(tmp_path),
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
