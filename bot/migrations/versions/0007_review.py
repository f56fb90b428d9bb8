"""Review at the desk: the Markdown that a revision was written as, the vectors of gaps, and gaps that are not for us."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0007"
down_revision = "0010"


def upgrade() -> None:
    """Bring them up; older revisions get their Markdown at the next import, older gaps their vector by the command."""
    op.create_table(
        "sources",
        sa.Column("revision_id", sa.Integer(), sa.ForeignKey("revisions.id"), primary_key=True),
        sa.Column("markdown", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
    )
    with op.batch_alter_table("gaps") as batch:
        batch.add_column(sa.Column("vector", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("dismissed_by", sa.String(length=100), nullable=True))
        batch.add_column(sa.Column("dismissed_at", bot.database.Instant(timezone=True), nullable=True))
        batch.add_column(sa.Column("dismissed_why", sa.String(length=1000), nullable=True))
    _refuse_changes("sources")


def _refuse_changes(table: str) -> None:
    """Rows of the table can be added, and neither changed nor deleted; PostgreSQL has the function since 0003."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION axis_append_only()"
    )


def downgrade() -> None:
    """Take them back; a table's triggers go with it."""
    op.drop_table("sources")
    with op.batch_alter_table("gaps") as batch:
        for name in ("dismissed_why", "dismissed_at", "dismissed_by", "vector"):
            batch.drop_column(name)
