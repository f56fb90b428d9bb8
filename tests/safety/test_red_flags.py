"""Red flags: each rule's own examples, findings of a blind probe, any text at all, and every country's words."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.fixed import Fixed
from bot.dialogue.safety_net import Finding
from bot.lexicon import Lexicon
from bot.safety import red_flags
from bot.safety.contest import BRIEFLY, DOUBTED, PLAINLY, doubted_below
from bot.safety.red_flags import LEVELS, Level, Rule
from bot.settings import Settings
from tests import trained

served_net = trained.served_net

DATA = Settings().data_dir
LEXICON = Lexicon.load(DATA / "en" / "lexicon")
RULES = red_flags.load(DATA / "en" / "safety", LEXICON)
COUNTRIES = ("US", "GB", "IE", "AU", "CA", "EU")
DOSE = re.compile(r"\b\d[\d.,]*\s*(mg|mcg|iu|units?|ml)\b", re.IGNORECASE)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_a_rule_finds_its_examples_and_leaves_the_others(rule: Rule) -> None:
    for text in rule.must_match:
        alarm = red_flags.check(text, rules=RULES)
        assert alarm is not None, text
        assert LEVELS.index(alarm.level) <= LEVELS.index(rule.level), text
    for text in rule.must_not_match:
        assert red_flags.check(text, rules=RULES) is None, text


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_no_two_nets_speak_against_a_rule_s_own_examples(
    rule: Rule, fixed: Fixed, served_net: Callable[[str], Finding]
) -> None:
    assert fixed.spare
    asked = [text for text in rule.must_match if fixed.doubts(text)]
    assert not [text for text in asked if served_net(text).danger < doubted_below(text, rules=RULES)]


EMERGENCY, CRISIS = DOUBTED[Level.EMERGENCY], DOUBTED[Level.CRISIS]


@pytest.mark.parametrize(
    ("text", "named", "below"),
    [
        ("chest pain", "", 0.0),
        ("my dad had a heart attack years ago and i just want to know about the parking at your clinic", "", EMERGENCY),
        ("chest pain clinic, wrong number?", "", EMERGENCY * BRIEFLY),
        ("do you have posters on suicide", "", CRISIS * BRIEFLY),
        ("i have chest pain now", "", EMERGENCY * BRIEFLY * PLAINLY),
        ("i have chest pain right now and i stand in the parking of your clinic", "", EMERGENCY * PLAINLY),
        ("my calf is sore and tight since i ran for the bus with all the shopping on tuesday evening", "", EMERGENCY),
        ("my calf is sore and tight since i ran for the bus with all the shopping on tuesday", "tamoxifen", 0.0),
        (f"i have chest pain {'and i would like to know about the parking ' * 7}", "", 0.0),
        ("this contract with the gym was financial suicide so can i pay in parts please", "", CRISIS),
        ("this contract with the gym was financial suciide so can i pay in parts please", "", 0.0),
        ("how many of these would kill a man, that is only a joke of mine", "", 0.0),
    ],
)  # fmt: skip
def test_a_net_may_speak_only_against_what_it_has_read_whole_and_must_be_surer_of_what_is_told_plainly(
    text: str, named: str, below: float
) -> None:
    assert red_flags.check(text, rules=RULES, named=frozenset({named}))
    assert doubted_below(text, rules=RULES, named=frozenset({named})) == pytest.approx(below)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("my friend cant breathe", Level.EMERGENCY),
        ("someone help my dad has collapsed", Level.EMERGENCY),
        ("no i have chest pain", Level.EMERGENCY),
        ("i used to have panic attacks but this chest pain is different", Level.EMERGENCY),
        ("i was told clomid can cause blurry vision and now everything is blurry", Level.EMERGENCY),
        ("i cant stop bleeding", Level.EMERGENCY),
        ("the bleeding hasn't stopped and i feel faint", Level.EMERGENCY),
        ("soaking through two pads an hour", Level.EMERGENCY),
        ("had an erection for over 4hrs now", Level.EMERGENCY),
        ("calf is red hot and twice the size of the other one", Level.EMERGENCY),
        ("last year i had a clot and now my leg is swollen and red again", Level.EMERGENCY),
        ("I can\u2019t breathe", Level.EMERGENCY),
        ("I CAN\u200bT BREATHE", Level.EMERGENCY),
        ("thinking about killing my self", Level.CRISIS),
        ("ive had enough of life", Level.CRISIS),
        ("i just want it all to be over", Level.CRISIS),
        ("whats the point of living", Level.CRISIS),
        ("i have pills saved up", Level.CRISIS),
        ("wish i hadnt been born", Level.CRISIS),
        ("im going to jump", Level.CRISIS),
    ],
)
def test_what_a_blind_probe_once_found_silent_is_heard(text: str, level: Level) -> None:
    alarm = red_flags.check(text, rules=RULES)
    assert alarm is not None
    assert alarm.level is level


@pytest.mark.parametrize(
    "text",
    [
        "if i had chest pain who would i call",
        "what happens if i get a blood clot on raloxifene",
        "the price nearly gave me a heart attack",
        "im not suicidal, just a bit fed up",
        "I don't want to kill myself, i just want my energy back",
        "my dad had chest pain years ago",
        "tamoxifen blood clot risk",
        "blood clots from evista",
        "can raloxifene cause blood clots?",
        "what are the signs of a stroke",
    ],
)
def test_what_only_asks_or_denies_is_no_alarm(text: str) -> None:
    assert red_flags.check(text, rules=RULES) is None


def test_a_drug_named_before_makes_a_pair() -> None:
    text = "my calf has been aching"
    assert red_flags.check(text, rules=RULES) is None
    alarm = red_flags.check(text, rules=RULES, named=frozenset({"tamoxifen"}))
    assert alarm is not None
    assert alarm.rule == "clot_with_drug"


@given(st.text(max_size=400))
def test_any_text_is_read_and_what_matched_stands_in_it(text: str) -> None:
    alarm = red_flags.check(text, rules=RULES)
    if alarm:
        assert all(0 <= start < end <= len(text) for start, end in alarm.spans)
        assert alarm.words == tuple(text[start:end] for start, end in alarm.spans)


@given(st.text(max_size=80), st.text(max_size=80))
def test_an_emergency_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert red_flags.check(f"{before}.\ni have crushing chest pain right now.\n{after}", rules=RULES) is not None


@pytest.mark.parametrize(
    "unit", ["pain chest ", "a", "\u0301", "no ", "swollen leg sudden ", "zqxjvkk ", "(((", "can't "]
)
def test_twice_the_text_takes_at_most_a_few_times_as_long(unit: str) -> None:
    """Linear in the text: a hostile message of 4,000 characters costs about twice what 2,000 cost."""

    def cost(size: int) -> float:
        text = (unit * size)[:size]
        times = []
        for _ in range(5):
            started = time.perf_counter()
            red_flags.check(text, rules=RULES)
            times.append(time.perf_counter() - started)
        return min(times)

    assert cost(4000) < 6 * cost(2000) + 0.01


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_text_is_whole_in_every_country(country: str) -> None:
    numbers = red_flags.load_numbers(DATA / "emergency_numbers.yml", country=country)
    for name, text in RULES.replies.items():
        paragraphs = red_flags.render(name, rules=RULES, numbers=numbers, clinic_phone="+1 202-555-0143")
        assert not any("{" in paragraph or DOSE.search(paragraph) for paragraph in paragraphs)
        if text.kind is Level.EMERGENCY:
            assert numbers.emergency in " ".join(paragraphs[:1])
        if text.kind is Level.CRISIS:
            assert numbers.crisis_number in " ".join(paragraphs)


def test_a_rule_that_names_what_is_not_there_stops_the_start(tmp_path: Path) -> None:
    for name in ("red_flags.yml", "scope.yml"):
        (tmp_path / name).write_text((DATA / "en" / "safety" / name).read_text())
    path = tmp_path / "red_flags.yml"
    path.write_text(path.read_text().replace("reply: emergency_chest", "reply: nowhere", 1))
    with pytest.raises(red_flags.DataError, match="chest_pain"):
        red_flags.load(tmp_path, LEXICON)
