"""Notices of tickets for another program, and what it has been told."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0008"
down_revision = "0004"


def upgrade() -> None:
    """Bring the tables up."""
    ticket = ("tickets.id",)
    op.create_table(
        "ticket_told",
        sa.Column("ticket_id", sa.String(length=32), sa.ForeignKey(*ticket, ondelete="CASCADE"), primary_key=True),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
    )
    op.create_table(
        "ticket_notices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("notice_id", sa.String(length=32), nullable=False, unique=True),
        sa.Column("ticket_id", sa.String(length=32), sa.ForeignKey(*ticket, ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("at", bot.database.Instant(timezone=True), nullable=False),
        sa.Column("noted_at", bot.database.Instant(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", bot.database.Instant(timezone=True), nullable=False, index=True),
        sa.Column("ended", sa.String(length=20), nullable=False, index=True),
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_table("ticket_notices")
    op.drop_table("ticket_told")
