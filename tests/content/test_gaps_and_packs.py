"""Gaps become groups and drafts; packs carry approved texts, and nothing that was changed on the way."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.content import gaps, packs
from bot.content.gaps import Asked
from bot.content.packs import Packed
from bot.content.topic import Level
from bot.datafile import parse_yaml
from bot.encoder import Encoder
from bot.errors import DataError
from bot.settings import Settings
from tests.content.test_store import draft
from tests.when import NOW

ASKED = [
    Asked("a", "unanswered", "does clomid give you hiccups"),
    Asked("b", "unanswered", "hiccups since i take clomid"),
    Asked("a", "asked_back", "can clomid cause hiccups"),
    Asked("c", "unanswered", "do you have parking for wheelchairs"),
]


def grouped() -> list[gaps.Group]:
    encoder = Encoder(Settings().models_dir / "encoder")
    return gaps.group(ASKED, encoder.encode([one.text for one in ASKED]))


def test_questions_alike_are_one_group_and_people_count_once() -> None:
    first, second = grouped()
    assert (first.people, first.kinds) == (2, {"unanswered": 2, "asked_back": 1})
    assert (second.people, second.texts) == (1, ("do you have parking for wheelchairs",))


def test_no_question_makes_no_group() -> None:
    assert gaps.group([], np.zeros((0, 384), np.float32)) == []


def test_a_draft_has_the_phrasings_as_its_ways_of_asking() -> None:
    made = gaps.draft(grouped()[0], "clomiphene-and-hiccups", author="Ann", today="2026-11-21")
    head = parse_yaml(made.split("---\n")[1], path=Path("x.md"))
    assert head["asked_as"][:3] == [one.text for one in ASKED[:3]]
    assert len(head["asked_as"]) == 12
    assert [f"## {level}" in made for level in Level] == [True, True, True]


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return packs.make_keys(tmp_path / "keys")


@pytest.fixture
def pack(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    due = str(NOW.date() + timedelta(100))
    texts = [Packed(draft(), 3, "Bea", due)]
    path = tmp_path / "clinic.axispack"
    path.write_bytes(packs.write(texts, name="North Clinic", language="en", key=keys[0], now=NOW))
    return path


def test_a_pack_is_read_back_as_it_was_written(pack: Path, keys: tuple[Path, Path]) -> None:
    found = packs.read(pack, key=keys[1])
    assert found.drafts == (draft(),)
    assert (found.manifest.name, found.manifest.language) == ("North Clinic", "en")
    assert [(one.id, one.revision, one.reviewed_by) for one in found.manifest.texts] == [("example", 3, "Bea")]


def test_a_pack_of_somebody_else_is_refused(pack: Path, tmp_path: Path) -> None:
    _, other = packs.make_keys(tmp_path / "others")
    with pytest.raises(DataError, match="not signed with this key"):
        packs.read(pack, key=other)


@pytest.mark.parametrize("member", ["manifest.json", "texts/example.json"])
def test_a_pack_that_was_changed_is_refused(pack: Path, keys: tuple[Path, Path], member: str) -> None:
    with zipfile.ZipFile(pack) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    document = json.loads(parts[member])
    document["name" if member == "manifest.json" else "title"] = "Changed"
    parts[member] = json.dumps(document).encode()
    with zipfile.ZipFile(pack, "w") as made:
        for name, body in parts.items():
            made.writestr(name, body)
    with pytest.raises(DataError, match=r"was changed since|not the one that was signed"):
        packs.read(pack, key=keys[1])


@pytest.mark.parametrize("body", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_pack_is_refused(tmp_path: Path, keys: tuple[Path, Path], body: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(body)
    with pytest.raises(DataError, match="is not a pack"):
        packs.read(path, key=keys[1])


def test_a_key_is_not_made_twice_nor_is_any_file_a_key(tmp_path: Path, pack: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(DataError, match="there is a key already"):
        packs.make_keys(keys[0].parent)
    assert keys[0].stat().st_mode & 0o077 == 0
    with pytest.raises(DataError, match="no key that can be read"):
        packs.read(pack, key=pack)
    with pytest.raises(DataError, match=r"no Ed25519 public key|no key"):
        packs.read(pack, key=keys[0])
