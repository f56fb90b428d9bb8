"""The texts that ship: every one passes every check, and can be found by its own ways of asking."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bot.content import files, search, store
from bot.content.lint import lint, median_ages
from bot.content.topic import Kind, Level
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.encoder import Encoder
from bot.errors import DataError
from bot.settings import Mode, Settings
from tests.when import NOW

FOLDER = Settings().language_dir


def test_no_text_that_ships_has_a_fault(fixed: Fixed) -> None:
    house = files.read_house(FOLDER, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    assert [str(one) for one in lint(files.read_topics(FOLDER), house)] == []


def test_every_kind_has_its_topics() -> None:
    kinds = Counter(one.head.kind for _, one in files.read_topics(FOLDER))
    assert sum(kinds.values()) >= 145
    assert {kind for kind in Kind if kinds[kind] < 3} == set()


def test_plain_texts_are_plain(fixed: Fixed) -> None:
    topics = [one for _, one in files.read_topics(FOLDER)]
    assert median_ages(topics, fixed.lexicon)[Level.PLAIN] <= 11


def test_every_topic_can_be_found(stocked_settings: Settings) -> None:
    database = Database(stocked_settings.resolved_database_url)
    with database.reading() as session:
        catalogue = store.load_catalogue(session, mode=Mode.DEMO, today=NOW.date())
    encoder = Encoder(stocked_settings.models_dir / "encoder")
    vectors = encoder.encode([way for way, _ in search.ways(catalogue)])
    assert search.unreachable(catalogue, vectors, search.learn(catalogue, vectors)) == []


def test_a_way_of_asking_that_is_not_known_yet_leads_to_its_topic(stocked_settings: Settings) -> None:
    """Five-fold: four fifths of the ways of asking find the topics of the last fifth, without any intent."""
    with Database(stocked_settings.resolved_database_url).reading() as session:
        catalogue = store.load_catalogue(session, mode=Mode.DEMO, today=NOW.date())
    assert not [topic for topic, served in catalogue.served.items() if ":" not in topic and not served.questions]
    encoder, lexicon = Encoder(stocked_settings.models_dir / "encoder"), Fixed.load(stocked_settings).lexicon
    ways = [(way, topic) for topic in catalogue.served.values() for way in topic.questions]
    texts = list(dict.fromkeys(way for way, _ in search.ways(catalogue)))
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))
    folds = np.random.default_rng(0).integers(0, 5, len(ways))
    first = offered = 0
    for fold in range(5):
        known = {way for (way, _), own in zip(ways, folds, strict=True) if own != fold}
        served = {
            name: replace(topic, questions=tuple(way for way in topic.questions if way in known))
            for name, topic in catalogue.served.items()
        }
        rest = replace(catalogue, served=served)
        known_vectors = np.stack([vectors[way] for way, _ in search.ways(rest)])
        index = search.Index(rest, known_vectors, search.learn(rest, known_vectors))
        for (way, topic), own in zip(ways, folds, strict=True):
            if own == fold:
                terms = [mention.term for mention in lexicon.find(way)]
                drugs = frozenset(term.id for term in terms if term.kind == "drugs")
                named = frozenset(term.id for term in terms)
                question = search.Question(text=way, vector=vectors[way][None], terms=named, drugs=drugs)
                ranked = [match.topic.topic for match in index.rank(question)]
                first += ranked[0] == topic.topic
                offered += topic.topic in ranked
    assert first / len(ways) > 0.62
    assert offered / len(ways) > 0.85


def test_a_reference_that_does_not_fit_is_named(tmp_path: object) -> None:
    path = FOLDER / "references.yml"
    with pytest.raises(DataError, match="Field required"):
        files.checked(files.Reference, {"nonsense": 1}, path=path, what="x")
