"""Indexes for what the desk counts and searches by time."""

from alembic import op

revision = "0009"
down_revision = "0006"

INDEXES = {
    "ix_messages_created_at": ("messages", ["created_at"]),
    "ix_conversations_created_at": ("conversations", ["created_at"]),
    "ix_gaps_at": ("gaps", ["at"]),
    "ix_tickets_opened_at": ("tickets", ["opened_at"]),
    "ix_audit_action_at": ("audit", ["action", "at"]),
}


def upgrade() -> None:
    """Make them."""
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Drop them."""
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table_name=table)
