"""The glossary: each word once, plain, found in a text and in a question about it."""

from pathlib import Path

import pytest

from bot.content import glossary, store
from bot.content.catalogue import Catalogue
from bot.content.glossary import Entry, Glossary
from bot.content.review import Standing, State
from bot.settings import Settings

FOLDER = Settings().language_dir
SHIPPED = glossary.read(FOLDER / "glossary.yml")
TOPICS = [path.stem for path in (FOLDER / "topics").glob("*.md")]


@pytest.fixture(scope="module")
def words() -> Glossary:
    served = {draft.id: store.serve(draft, 1, Standing(State.DRAFT)) for draft in glossary.drafts(SHIPPED)}
    return Glossary(Catalogue(version="1", served=served))


def test_the_words_that_ship_have_no_fault() -> None:
    assert glossary.lint(SHIPPED, topics=TOPICS, path=FOLDER) == []
    assert len(SHIPPED) >= 60


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Entry(term="SHBG", text="A protein that carries hormones."), "stands more than once"),
        (Entry(term="magic", text="It cures all that you may have."), "promises or sells"),
        (Entry(term="magic", text="A word for tricks.", topic="no-such-topic"), "there is no topic"),
        (
            Entry(term="magic", text="Physiological intermittency necessitates neuroendocrine pulsatility."),
            "too hard to read",
        ),
    ],
)
def test_each_fault_is_named(entry: Entry, said: str) -> None:
    found = glossary.lint({**SHIPPED, "new": entry}, topics=TOPICS, path=Path("glossary.yml"))
    assert [said in str(one) for one in found] == [True]


def test_words_are_found_once_in_the_order_of_their_use(words: Glossary) -> None:
    text = "Motility and SHBG. Sex drive, shbg, motility; the unlabeled, the off-label."
    assert [one.title for one in words.used_in(text)] == ["motility", "SHBG", "libido", "off-label"]
    assert words.used_in("Nothing here.") == []


@pytest.mark.parametrize(
    ("asked", "term"),
    [
        ("what does IVF mean", "IVF"),
        ("What is a placebo?", "placebo"),
        ("define half-life", "half-life"),
        ("what's the meaning of gonads", "gonads"),
        ('hi, what does "endometrium" mean?', "lining of the womb"),
        ("what is IVF good for in my case", None),
        ("does IVF hurt", None),
        ("what is the weather", None),
    ],
)
def test_a_question_about_a_word_finds_it(words: Glossary, asked: str, term: str | None) -> None:
    found = words.asked(asked)
    assert (found.title if found else None) == term


def test_without_words_nothing_is_found() -> None:
    empty = Glossary(Catalogue(version="0"))
    assert empty.used_in("motility") == []
    assert empty.asked("what does IVF mean") is None
