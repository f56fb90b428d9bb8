"""What a patient has said of themselves is noted with its denial and its time, and can be forgotten again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.fixed import Fixed
from bot.conversation.noted import Noted


@pytest.mark.parametrize(
    ("text", "symptom", "how", "when"),
    [
        ("i have hot flashes since march", "hot_flushes", "present", "since march"),
        ("I don't have any hot flashes", "hot_flushes", "denied", ""),
        ("i used to get headaches", "headache", "past", ""),
        ("i have no erections for a month", "erectile_dysfunction", "present", "for a month"),
        ("my husband is tired for 3 weeks now", "fatigue", "present", "for 3 weeks"),
    ],
)
def test_a_symptom_is_noted_with_its_denial_and_time(
    fixed: Fixed, text: str, symptom: str, how: str, when: str
) -> None:
    [found] = fixed.ears.listen(Noted(), text).symptoms
    assert (found.id, found.how, found.when) == (symptom, how, when)
    assert found.said.lower() in text.lower()


@pytest.mark.parametrize("text", ["can clomid cause hot flashes?", "what helps against headache", "hello"])
def test_what_is_only_asked_about_is_nobodys_symptom(fixed: Fixed, text: str) -> None:
    assert fixed.ears.listen(Noted(), text).symptoms == ()


def test_the_latest_word_on_a_symptom_counts_and_all_can_be_forgotten(fixed: Fixed) -> None:
    said = [
        "i take clomid and have headaches",
        "no headaches any more, i dont have headache",
        "we are trying for a baby",
    ]
    noted = fixed.ears.listen_to_all(said)
    assert noted.drugs == ("clomiphene",)
    assert [(one.id, one.how) for one in noted.symptoms] == [("headache", "denied")]
    assert noted.goal == "trying_now"
    assert noted.without("clomiphene").drugs == ()
    assert noted.without("headache").symptoms == ()
    assert noted.without("goal").goal == ""
    assert noted.without("all").empty


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("we want kids some day", "later"),
        ("i dont want children", "no"),
        ("my wife and i have been trying for a year", "trying_now"),
        ("should i freeze my sperm first", "keep_option"),
        ("i would like a baby next year", "within_a_year"),
        ("does trt lower sperm", ""),
        ("i have crushing chest pain right now", ""),
        ("yes i will start testosterone soon", ""),
    ],
)
def test_a_goal_is_heard(fixed: Fixed, text: str, goal: str) -> None:
    assert fixed.ears.listen(Noted(), text).goal == goal


@given(st.text(max_size=400))
def test_any_text_can_be_listened_to(fixed: Fixed, text: str) -> None:
    assert Noted.model_validate_json(fixed.ears.listen(Noted(), text).model_dump_json())
