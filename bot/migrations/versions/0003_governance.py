"""Governance: chains of hashes, comments, tasks, questions without an answer; tables that are only added to."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0003"
down_revision = "0002"

APPEND_ONLY = ("revisions", "moves", "comments", "audit")
CHAINED = ("messages", "moves", "audit")


def upgrade() -> None:
    """Bring them up."""
    for table in CHAINED:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("chain", sa.String(length=64), nullable=False, server_default=""))
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
    for table in APPEND_ONLY:
        _refuse_changes(table)


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
    for table in CHAINED:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("chain")
