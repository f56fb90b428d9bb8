"""The lexicon: names in patients' spelling, with their places."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DataError
from bot.lexicon import KINDS, Lexicon
from bot.settings import Settings

LEXICON = Lexicon.load(Settings().language_dir / "lexicon")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("will Clomid mess with my eyes", ["clomiphene", "visual_disturbance"]),
        ("chlomid or enclomifene", ["clomiphene", "enclomiphene"]),
        ("tamoxifne and nolvadex", ["tamoxifen", "tamoxifen"]),
        ("my testosteron is low", ["testosterone"]),
        ("letrozole not anastrozole", ["letrozole", "anastrozole"]),
        ("i tried it", []),
        ("ED and no libido", ["erectile_dysfunction", "low_libido"]),
        ("can't sleep", ["sleep_problems"]),
        ("can\u2019t sleep", ["sleep_problems"]),
        ("follicle stimulating hormone", ["fsh"]),
    ],
)
def test_names_are_found_as_patients_write_them(text: str, terms: list[str]) -> None:
    assert [mention.term.id for mention in LEXICON.find(text)] == terms


@given(st.text(max_size=300))
def test_any_text_is_read_and_mentions_stand_in_it_in_order(text: str) -> None:
    found = LEXICON.find(text)
    assert all(text[one.start : one.end] == one.surface and one.surface for one in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize("term", [term for kind in KINDS for term in LEXICON.terms(kind)], ids=lambda term: term.id)
def test_every_surface_finds_its_own_term(term: object) -> None:
    for own, surface in LEXICON.surfaces():
        if own == term:
            assert [mention.term for mention in LEXICON.find(surface)] == [term], surface


def test_one_surface_for_two_terms_is_refused(tmp_path: Path) -> None:
    for kind in KINDS:
        (tmp_path / f"{kind}.yml").write_text(f"{kind}_term: {{name: the same}}\n")
    with pytest.raises(DataError, match="stands for"):
        Lexicon.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("i cant see well", []),
        ("i cant see out of my left eye", ["visual_disturbance"]),
        ("i cant slep", ["sleep_problems"]),
        ("i cnat sleep", ["sleep_problems"]),
    ],
)
def test_each_word_of_a_misspelt_name_is_a_misspelling_of_its_own(text: str, ids: list[str]) -> None:
    found = Lexicon.load(Settings().language_dir / "lexicon").find(text)
    assert [one.term.id for one in found] == ids
