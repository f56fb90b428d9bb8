"""Whether an answer helped."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Bring the table up."""
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.String(length=32), primary_key=True),
        sa.Column(
            "conversation_id", sa.String(length=32), sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("at", bot.database.Instant(timezone=True), nullable=False),
    )
    op.create_index("ix_feedback_conversation_id", "feedback", ["conversation_id"])
    op.create_index("ix_feedback_at", "feedback", ["at"])


def downgrade() -> None:
    """Take the table down."""
    op.drop_table("feedback")
