"""The texts that ship: every one passes every check, and can be found by its own ways of asking."""

import statistics
from collections import Counter

import pytest

from bot.content import files, readability, search, store
from bot.content.topic import Kind, Level
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.encoder import Encoder
from bot.errors import DataError
from bot.settings import Mode, Settings
from tests.when import NOW

FOLDER = Settings().language_dir


def test_no_text_that_ships_has_a_fault(fixed: Fixed) -> None:
    references = files.read_references(FOLDER / "references.yml")
    topics = files.read_topics(FOLDER)
    found = files.lint(topics, references=references, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    assert [str(one) for one in found] == []


def test_there_are_forty_topics_and_three_of_each_kind() -> None:
    kinds = Counter(one.head.kind for _, one in files.read_topics(FOLDER))
    assert sum(kinds.values()) >= 40
    assert {kind for kind in Kind if kinds[kind] < 3} == set()


def test_plain_texts_are_plain(fixed: Fixed) -> None:
    familiar = files.familiar(fixed.lexicon)
    ages = [
        readability.measure(str(one.texts[Level.PLAIN]), known=familiar).age for _, one in files.read_topics(FOLDER)
    ]
    assert max(ages) <= 13
    assert statistics.median(ages) <= 11


def test_every_topic_is_found_by_its_own_ways_of_asking(stocked_settings: Settings) -> None:
    """Each way of asking, left out of the index, still leads to its topic first or as one of three choices."""
    with Database(stocked_settings.resolved_database_url).reading() as session:
        catalogue = store.load_catalogue(session, mode=Mode.DEMO, today=NOW.date())
    encoder, lexicon = Encoder(stocked_settings.models_dir / "encoder"), Fixed.load(stocked_settings).lexicon
    ways = search.ways(catalogue)
    vectors = encoder.encode([way for way, _ in ways])
    index = search.Index(catalogue, vectors)
    places = Counter[str]()
    unreachable = set(catalogue.served) - {topic.topic for _, topic in ways if topic.questions}
    for (way, topic), vector in zip(ways, vectors, strict=True):
        named = [mention.term for mention in lexicon.find(way)]
        question = search.Question(
            text=way,
            vector=vector[None],
            terms=frozenset(term.id for term in named),
            drugs=frozenset(term.id for term in named if term.kind == "drugs"),
        )
        ranked = [match.topic.topic for match in index.rank(question, without=way)][:3]
        places["first"] += ranked[:1] == [topic.topic]
        places["offered"] += topic.topic in ranked
    assert not {topic for topic in unreachable if ":" not in topic}
    assert places["first"] / len(ways) > 0.75
    assert places["offered"] / len(ways) > 0.9


def test_a_reference_that_does_not_fit_is_named(tmp_path: object) -> None:
    path = FOLDER / "references.yml"
    with pytest.raises(DataError, match="nonsense"):
        files.checked(files.Reference, {"nonsense": 1}, path=path, what="x")
