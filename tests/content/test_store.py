"""The vetted store on SQLite and PostgreSQL: revisions, moves, and what may be served when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.content import record, store
from bot.content.blocks import Paragraph, Table, Text
from bot.content.review import State
from bot.content.store import Draft
from bot.content.topic import Level
from bot.database import Database
from bot.errors import NotAllowed, NotFound
from bot.roles import Role
from bot.settings import Mode
from tests.when import NOW

TODAY = NOW.date()


def draft(text: str = "It works like this.") -> Draft:
    table = Table("Two", columns=["a", "b"], rows=[["c", "d"]])
    return Draft(
        id="example", title="The example", button="Example", kind="mechanism", closing="treatment", author="Ann",
        texts={level: Text([Paragraph(text), table]) for level in Level}, questions=("how does it work",),
        tags=("clomiphene",), drugs=("clomiphene",), audience=("men",), sources=("A book. 2020.",),
    )  # fmt: skip


def put(database: Database, *drafts: Draft) -> store.Imported:
    with database.writing() as session:
        return store.import_drafts(session, drafts, now=NOW)


def served(database: Database, mode: Mode, *, days: int = 0) -> store.Served | None:
    with database.reading() as session:
        return store.load_catalogue(session, mode=mode, today=TODAY + timedelta(days)).served.get("example")


def move(database: Database, after: State, *, actor: str = "Bea", role: Role = Role.REVIEWER) -> None:
    with database.writing() as session:
        newest = record.list_latest(session)[0].revision_id
        store.move(session, newest, after, actor=actor, role=role, now=NOW)


def test_importing_twice_changes_nothing(database: Database) -> None:
    assert put(database, draft()).new == ("example",)
    with database.reading() as session:
        before = store.version(session.connection())
    assert put(database, draft()).unchanged == ("example",)
    with database.reading() as session:
        assert store.version(session.connection()) == before


def test_a_changed_text_is_a_new_revision_and_the_old_one_stays(database: Database) -> None:
    put(database, draft())
    assert put(database, draft("It works otherwise.")).changed == ("example",)
    with database.reading() as session:
        old, new = (record.show(session, revision)[1] for revision in (1, 2))
    assert str(old.texts[Level.PLAIN]) != str(new.texts[Level.PLAIN])
    assert "It works like this." in str(old.texts[Level.PLAIN])


def test_blocks_come_back_as_they_went_in(database: Database) -> None:
    put(database, draft())
    found = served(database, Mode.DEMO)
    assert found is not None
    assert found.texts == draft().texts


def test_a_draft_is_served_in_a_demonstration_and_withheld_in_production(database: Database) -> None:
    put(database, draft())
    shown = served(database, Mode.DEMO)
    assert shown is not None
    assert shown.reviewed_by is None
    assert served(database, Mode.PRODUCTION) is None
    with database.reading() as session:
        assert "example" in store.load_catalogue(session, mode=Mode.PRODUCTION, today=TODAY).withheld


def test_an_approved_text_is_served_until_its_review_is_due(database: Database) -> None:
    put(database, draft())
    move(database, State.IN_REVIEW)
    move(database, State.APPROVED)
    found = served(database, Mode.PRODUCTION)
    assert found is not None
    assert (found.reviewed_by, found.reviewed_on) == ("Bea", TODAY)
    assert served(database, Mode.PRODUCTION, days=365) is not None
    assert served(database, Mode.PRODUCTION, days=366) is None


def test_a_newer_draft_does_not_replace_an_approved_text(database: Database) -> None:
    put(database, draft())
    move(database, State.IN_REVIEW)
    move(database, State.APPROVED)
    put(database, draft("Not read by anybody yet."))
    for mode in Mode:
        found = served(database, mode)
        assert found is not None
        assert found.revision == 1


def test_a_retired_text_is_gone_at_once(database: Database) -> None:
    put(database, draft())
    move(database, State.RETIRED)
    assert served(database, Mode.DEMO) is None


@pytest.mark.parametrize(
    ("after", "actor", "role"),
    [
        (State.APPROVED, "Bea", Role.REVIEWER),  # a draft was not submitted
        (State.IN_REVIEW, "Bea", Role.FRONT_DESK),
        (State.RETIRED, "Bea", Role.CLINICIAN),
    ],
)
def test_a_move_that_is_not_allowed_is_refused(database: Database, after: State, actor: str, role: Role) -> None:
    put(database, draft())
    with pytest.raises(NotAllowed):
        move(database, after, actor=actor, role=role)


def test_the_author_cannot_approve(database: Database) -> None:
    put(database, draft())
    move(database, State.IN_REVIEW)
    with pytest.raises(NotAllowed, match="author"):
        move(database, State.APPROVED, actor="Ann")


def test_an_unknown_revision_is_said_so(database: Database) -> None:
    with pytest.raises(NotFound), database.writing() as session:
        store.move(session, 99, State.RETIRED, actor="Bea", role=Role.ADMIN, now=NOW)


def test_a_failed_import_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="the import broke"), database.writing() as session:
        store.import_drafts(session, [draft(), replace(draft(), id="second")], now=NOW)
        raise RuntimeError("the import broke")
    with database.reading() as session:
        assert record.list_latest(session) == []


def test_a_glance_sees_what_was_written_since_the_last(database: Database) -> None:
    def glance() -> str:
        with database.glancing() as connection:
            return store.version(connection)

    seen = [glance()]
    put(database, draft())
    seen.append(glance())
    move(database, State.IN_REVIEW)
    seen.append(glance())
    assert len(set(seen)) == 3
