"""What the linter finds in a text, each fault for itself, and that a good text has none."""

from pathlib import Path

import pytest

from bot.content import files, topic
from bot.content.lint import House, lint
from bot.content.topic import Topic
from bot.conversation.fixed import Fixed
from bot.settings import Settings

FOLDER = Settings().language_dir
GOOD = (FOLDER / "topics" / "gonadorelin.md").read_text(encoding="utf-8")


@pytest.fixture
def house(fixed: Fixed) -> House:
    return files.read_house(FOLDER, lexicon=fixed.lexicon, closings=fixed.closings.ids)


def read(source: str, name: str = "gonadorelin") -> tuple[Path, Topic]:
    path = Path(f"{name}.md")
    return path, topic.parse(source, path=path)


def faults(house: House, *topics: tuple[Path, Topic]) -> list[str]:
    """The faults, apart from related topics, which are not given here."""
    return [str(one) for one in lint(list(topics), house) if "related:" not in str(one)]


def test_a_good_text_has_no_fault(house: House) -> None:
    assert faults(house, read(GOOD)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("acts-on, pituitary]", "acts-on, Leydig cells and liver]", "facts.yml does not know"),
        ("[gonadorelin, acts-on", "[unicorn, acts-on", "neither a term of the lexicon"),
        ("[gonadorelin, pattern, pulses]", "[raloxifene, clot-risk, raised]", "no evidence speaks of raloxifene"),
        ("## plain\n", "## plain\n\nThis is quite safe.\n", "promises or sells"),
        ("## plain\n", "## plain\n\nTake 25 mg of it.\n", "may be read as a dose"),
        ("## plain\n", "## plain\n\nLook at ftp://example.org for more.\n", "not a link that may be followed"),
        ("## plain\n", f"## plain\n\n{'word ' * 900}\n", "says less than the plain one"),
        ("closing: ", "closing: no_such_", "there is no closing"),
        ("drugs: [", "drugs: [unicorn, ", "the lexicon has no 'unicorn'"),
        ("references: [", "references: [nobody-1900, ", "there is no reference 'nobody-1900'"),
    ],
)
def test_each_fault_is_named(house: House, before: str, after: str, said: str) -> None:
    assert before in GOOD
    assert any(said in fault for fault in faults(house, read(GOOD.replace(before, after, 1))))


def test_a_long_word_salad_is_not_plain(house: House) -> None:
    salad = "Hypothalamic gonadotropin pulsatility necessitates physiological intermittency of stimulation. " * 3
    assert any(
        "reading age" in fault for fault in faults(house, read(GOOD.replace("## plain\n", f"## plain\n\n{salad}\n")))
    )


def test_two_topics_that_disagree_are_both_named(house: House) -> None:
    other = GOOD.replace("id: gonadorelin", "id: other", 1).replace("acts-on, pituitary]", "acts-on, Leydig cells]", 1)
    other = (
        other.replace("  - ", "  - in other words ")
        .replace("  - in other words [", "  - [")
        .replace("- in other words fact:", "- fact:")
    )
    found = [fault for fault in faults(house, read(GOOD), read(other, "other")) if "facts:" in fault]
    assert len([fault for fault in found if "but other says" in fault]) == 1
    assert len([fault for fault in found if "but gonadorelin says" in fault]) == 1


def test_one_way_of_asking_for_two_topics_fails(house: House) -> None:
    twice = read(GOOD.replace("id: gonadorelin", "id: other", 1), "other")
    assert any("stands more than once" in fault for fault in faults(house, read(GOOD), twice))
