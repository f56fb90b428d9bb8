"""`axis content gaps`, `export` and `import-pack`: questions become drafts, and texts go between clinics."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.content import packs
from bot.content.topic import Level
from bot.conversation.fixed import Fixed
from bot.conversation.message import Gap
from bot.database import Database
from bot.datafile import parse_yaml
from bot.errors import DataError
from tests.commands import STATES, add, approve, ask, axis, done, empty, refused, texts
from tests.content.test_store import draft, put
from tests.conversation.test_verify import provenance, talk


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty(tmp_path, monkeypatch)


@pytest.fixture
def asked(path: Path, fixed: Fixed) -> Path:
    """A store in which two people have asked the same, and found no answer."""
    add(path)
    database = Database(f"sqlite:///{path}")
    source = provenance(reviewed_by=None)
    for _ in range(2):
        talk(database, fixed, draft().texts[Level.PLAIN].blocks, source, gap=Gap(kind="unanswered"))
    return path


def test_gaps_are_put_together_by_meaning_and_their_vectors_kept(asked: Path) -> None:
    said = done("content", "gaps")
    assert "2 unanswered" in said
    assert "my name is [name], how does it work" in said
    assert ask(asked, "SELECT length(vector) FROM gaps") == [(768,), (768,)]
    assert ask(asked, "SELECT DISTINCT text FROM gaps") == [("my name is [name], how does it work",)]


def test_without_a_gap_there_is_nothing_to_draft(path: Path) -> None:
    done("content", "gaps", "--draft", "1", "--topic", "how-it-works")
    assert not (path.parent / "drafts").exists()


def test_a_gap_becomes_a_file_to_write_once(asked: Path) -> None:
    words = ("content", "gaps", "--draft", "1", "--topic", "how-it-works", "--author", "Ann")
    done(*words)
    file = asked.parent / "drafts" / "how-it-works.md"
    head = parse_yaml(file.read_text().split("---\n")[1], path=file)
    assert (head["id"], head["author"], head["asked_as"][0]) == (
        "how-it-works", "Ann", "my name is [name], how does it work",
    )  # fmt: skip
    file.write_text("written by Ann")
    assert str(file) in refused(asked, DataError, *words[1:])
    assert file.read_text() == "written by Ann"


@pytest.mark.parametrize(
    "words", [("--draft", "2", "--topic", "x"), ("--draft", "-1", "--topic", "x"), ("--draft", "1")]
)
def test_a_draft_that_is_mistyped_writes_no_file(asked: Path, words: tuple[str, ...]) -> None:
    assert axis("content", "gaps", *words).exit_code == 2
    assert not (asked.parent / "drafts").exists()


@pytest.fixture
def pack(path: Path) -> Path:
    """A pack of North Clinic with one approved text."""
    made = path.parent / "north.axispack"
    approve(path)
    put(Database(f"sqlite:///{path}"), replace(draft("Nobody has read this."), id="unread"))
    done("content", "export", str(made), "--name", "North Clinic")
    return made


@pytest.fixture
def other(pack: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty store of another clinic, which is where the command looks from now on."""
    folder = pack.parent / "south"
    monkeypatch.setenv("AXIS_VAR_DIR", str(folder))
    done("migrate")
    return folder / "axis.sqlite"


def test_a_pack_holds_the_approved_texts_and_is_signed_with_a_key_that_stays(pack: Path) -> None:
    keys = pack.parent / "keys"
    secret = (keys / "pack.key").read_bytes()
    found = packs.read(pack, key=keys / "pack.pub")
    assert [(one.id, one.revision, one.reviewed_by) for one in found.manifest.texts] == [("example", 1, "Bea")]
    done("content", "export", str(pack), "--name", "North Clinic")
    assert (keys / "pack.key").read_bytes() == secret
    assert packs.read(pack, key=keys / "pack.pub").drafts == (draft(),)


def test_nothing_approved_makes_no_pack(path: Path) -> None:
    add(path)
    made = path.parent / "x.axispack"
    assert "nothing is approved" in refused(path, DataError, "export", str(made), "--name", "North Clinic")
    assert not made.exists()


def test_a_pack_is_submitted_for_review_once(pack: Path, other: Path) -> None:
    words = ("content", "import-pack", str(pack), "--key", str(pack.parent / "keys" / "pack.pub"), "--actor", "Cem")
    done(*words)
    note = "from the pack of North Clinic, approved there by Bea"
    assert ask(other, STATES, "example") == [(1, "draft", "Ann", "imported"), (1, "in_review", "Cem", note)]
    assert ask(other, "SELECT id FROM topics") == [("example",)]
    before = texts(other)
    done(*words)
    assert texts(other) == before


def test_a_pack_signed_with_another_key_is_refused(pack: Path, other: Path) -> None:
    _, public = packs.make_keys(other.parent / "keys")
    said = refused(other, DataError, "import-pack", str(pack), "--key", str(public), "--actor", "Cem")
    assert said == f"{pack}: was not signed with this key, or was changed since"
    assert texts(other)["topics"] == []
