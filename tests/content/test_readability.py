"""Reading age."""

from hypothesis import given
from hypothesis import strategies as st

from bot.content.readability import measure

EASY = "Your body makes a hormone. It helps you to feel well. A blood test can show how much there is."
HARD = (
    "Selective estrogen receptor modulators competitively antagonise hypothalamic receptors, thereby attenuating "
    "negative feedback and augmenting gonadotropin secretion in individuals with intact testicular responsiveness."
)


def test_long_words_and_sentences_ask_for_an_older_reader() -> None:
    assert measure(EASY).age < 11
    assert measure(HARD).age > 20


def test_names_that_the_patient_came_with_are_no_burden() -> None:
    text = "Clomiphene is a tablet. Clomiphene acts on the brain."
    assert measure(text, known=frozenset({"clomiphene"})).age < measure(text).age


def test_a_long_sentence_is_named() -> None:
    long = "word " * 26 + "end."
    assert measure(f"Short one. {long}").long_sentences == (long.strip(),)


@given(st.text())
def test_any_text_has_a_reading_age(text: str) -> None:
    assert measure(text).age >= 5
