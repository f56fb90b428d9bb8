"""Governance: chains of hashes, comments, tasks, questions without an answer; tables that are only added to."""

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

import bot.database
from bot.chain import link

revision = "0003"
down_revision = "0002"

APPEND_ONLY = ("revisions", "moves", "comments", "audit")
CHAINED = ("messages", "moves", "audit")


def upgrade() -> None:
    """Bring them up."""
    for name in CHAINED:
        with op.batch_alter_table(name) as batch:
            batch.add_column(sa.Column("chain", sa.String(length=64), nullable=False, server_default=""))
    _chain_what_is_there()
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("revision_id", sa.Integer(), sa.ForeignKey("revisions.id"), nullable=False, index=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", bot.database.Instant(timezone=True), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
    )
    op.create_table(
        "content_tasks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("topic_id", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("opened_at", bot.database.Instant(timezone=True), nullable=False),
        sa.Column("done_at", bot.database.Instant(timezone=True), nullable=True),
        sa.Column("open", sa.String(length=80), nullable=True, unique=True),
    )
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "conversation_id", sa.String(length=32), sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=False, index=True,
        ),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("at", bot.database.Instant(timezone=True), nullable=False),
    )  # fmt: skip
    for name in APPEND_ONLY:
        _refuse_changes(name)


def _chain_what_is_there() -> None:
    """Link the rows that were written before the chains: an empty link later is a fault like any other."""
    bind = op.get_bind()
    messages = _rows_of("messages", "id", "conversation_id", "seq", "role", "client_id", "reply_to", "alarm", "offers", "body")
    before: dict[str, str] = {}
    for row in bind.execute(sa.select(messages).order_by(messages.c.conversation_id, messages.c.seq)).mappings():
        content = {name: row[name] for name in ("seq", "role", "client_id", "reply_to", "alarm", "offers", "body")}
        content |= {name: _json(content[name]) for name in ("offers", "body")}
        owner = row["conversation_id"]
        before[owner] = link(before.get(owner, owner), content)
        _set_link(bind, "messages", row["id"], before[owner])
    moves = bind.execute(
        sa.text(
            "SELECT m.id, r.topic_id AS topic, r.number, r.sha256, r.author, m.state, m.actor, m.at, m.review_due, m.note "
            "FROM moves m JOIN revisions r ON r.id = m.revision_id ORDER BY m.id"
        ).columns(at=bot.database.Instant, review_due=sa.Date)
    )
    _chain(bind, "moves", moves.mappings())
    audit = sa.text("SELECT id, at, actor, action, subject FROM audit ORDER BY id").columns(at=bot.database.Instant)
    _chain(bind, "audit", bind.execute(audit).mappings())


def _rows_of(name: str, *columns: str) -> sa.TableClause:
    """A table as far as this migration reads it."""
    return sa.table(name, *map(sa.column, columns))


def _json(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


def _chain(bind: sa.Connection, name: str, rows: Iterable[sa.RowMapping]) -> None:
    before = name
    for row in list(rows):
        content = {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in row.items()}
        before = link(before, {key: value for key, value in content.items() if key != "id"})
        _set_link(bind, name, row["id"], before)


def _set_link(bind: sa.Connection, name: str, row_id: int | str, chain: str) -> None:
    rows = _rows_of(name, "id", "chain")
    bind.execute(rows.update().where(rows.c.id == row_id).values(chain=chain))


def _refuse_changes(table: str) -> None:
    """From now on rows of the table can be added, and neither changed nor deleted."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION axis_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION axis_append_only()"
    )


def downgrade() -> None:
    """Take them back."""
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {table}_no_update")
            op.execute(f"DROP TRIGGER {table}_no_delete")
        else:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    for table in ("gaps", "content_tasks", "comments"):
        op.drop_table(table)
    for name in CHAINED:
        with op.batch_alter_table(name) as batch:
            batch.drop_column("chain")
