"""Messaging apps: contacts, which messages have arrived, and what is on its way to them."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0004"
down_revision = "0003"

INSTANT = bot.database.Instant(timezone=True)


def upgrade() -> None:
    """Bring the tables up."""
    op.create_table(
        "contacts",
        sa.Column("channel", sa.String(length=20), primary_key=True),
        sa.Column("contact_sha256", sa.String(length=64), primary_key=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column(
            "conversation_id", sa.String(length=32), sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=False, unique=True,
        ),
        sa.Column("token", sa.String(length=64), nullable=False),
    )  # fmt: skip
    op.create_table(
        "arrivals",
        sa.Column("channel", sa.String(length=20), primary_key=True),
        sa.Column("message_sha256", sa.String(length=64), primary_key=True),
        sa.Column(
            "conversation_id", sa.String(length=32), sa.ForeignKey("conversations.id", ondelete="SET NULL"),
            nullable=True, index=True,
        ),
        sa.Column("answer_after", INSTANT, nullable=True, index=True),
        sa.Column("at", INSTANT, nullable=False, index=True),
    )  # fmt: skip
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("contact_sha256", sa.String(length=64), nullable=False, index=True),
        sa.Column(
            "conversation_id", sa.String(length=32), sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=True, index=True,
        ),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False, index=True),
        sa.Column("sent_parts", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("leased_until", INSTANT, nullable=True),
    )  # fmt: skip


def downgrade() -> None:
    """Take them back."""
    for table in ("outbox", "arrivals", "contacts"):
        op.drop_table(table)
