"""The migrations make just the tables that the code declares, on SQLite and PostgreSQL."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import bot.content.store
import bot.conversation.store
import bot.desk.store
import bot.triage.store  # noqa: F401 - imported so that their tables are known
from bot.database import Base, Database


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.reading() as session:
        found = compare_metadata(MigrationContext.configure(session.connection()), Base.metadata)
    assert [one for one in found if not (one[0] == "remove_table" and one[1].name == "probe")] == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()
    database.probe()
