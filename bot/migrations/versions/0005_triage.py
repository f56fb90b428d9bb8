"""Tickets with leases, targets, labels and history; alerts; opening hours in versions."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0005"
down_revision = "0007"

INSTANT = bot.database.Instant(timezone=True)
RANKS = {"emergency": 0, "same_day": 1, "soon": 2, "routine": 3}
SHELVES = {"new": "open", "claimed": "open", "resolved": "resolved"}
INDEXES = {
    "ix_tickets_shelf_order": ["shelf", "rank", "opened_at", "id"],
    "ix_tickets_shelf_due": ["shelf", "due_at", "id"],
    "ix_tickets_shelf_changed": ["shelf", "changed_at", "id"],
    "ix_tickets_owner": ["claimed_by", "shelf", "rank", "opened_at", "id"],
    "ix_tickets_state_urgency": ["state", "rank", "waiting_since"],
    "ix_tickets_changed_at": ["changed_at"],
}


def _added() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("shelf", sa.String(length=10), nullable=False, server_default="open"),
        sa.Column("rank", sa.Integer(), nullable=False, server_default="3"),
        sa.Column("spell", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("waiting_since", INSTANT, nullable=True),
        sa.Column("outcome_code", sa.String(length=30), nullable=False, server_default=""),
        sa.Column("answers", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("intake", sa.JSON(), nullable=True),
        *(
            sa.Column(name, INSTANT, nullable=True)
            for name in ("active_at", "snoozed_until", "due_at", "patient_at", "staff_at", "risen_at")
        ),
    ]


def upgrade() -> None:
    """Bring them up; tickets that are there keep their state, urgency and words."""
    with op.batch_alter_table("tickets") as batch:
        for column in _added():
            batch.add_column(column)
    _fill_tickets()
    with op.batch_alter_table("tickets") as batch:
        batch.alter_column("waiting_since", existing_type=INSTANT, nullable=False)
    for name, columns in INDEXES.items():
        op.create_index(name, "tickets", columns)
    op.create_index("ix_conversations_state", "conversations", ["state"])
    _create_around_tickets()
    op.create_table(
        "clinic_hours",
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
    )


def _fill_tickets() -> None:
    bind = op.get_bind()
    tickets = sa.table(
        "tickets", *map(sa.column, ("urgency", "rank", "state", "shelf", "opened_at", "changed_at", "waiting_since", "active_at"))
    )
    for urgency, rank in RANKS.items():
        bind.execute(tickets.update().where(tickets.c.urgency == urgency).values(rank=rank))
    for state, shelf in SHELVES.items():
        bind.execute(tickets.update().where(tickets.c.state == state).values(shelf=shelf))
    bind.execute(tickets.update().values(waiting_since=tickets.c.opened_at, active_at=tickets.c.changed_at))
    # Before, resolving left the conversation waiting for staff.
    bind.execute(
        sa.text(
            "UPDATE conversations SET state = 'bot' WHERE state = 'waiting_for_staff' AND NOT EXISTS "
            "(SELECT 1 FROM tickets t WHERE t.conversation_id = conversations.id AND t.state <> 'resolved')"
        )
    )


def _ticket_id(*, key: bool = True) -> sa.Column[str]:
    owner = sa.ForeignKey("tickets.id", ondelete="CASCADE")
    return sa.Column("ticket_id", sa.String(length=32), owner, primary_key=key, nullable=False, index=not key)


def _create_around_tickets() -> None:
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.Integer(), primary_key=True),
        _ticket_id(key=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=30), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
    )
    op.create_table(
        "ticket_labels", _ticket_id(), sa.Column("label", sa.String(length=30), primary_key=True)
    )
    op.create_index("ix_ticket_labels_label", "ticket_labels", ["label", "ticket_id"])
    op.create_table(
        "ticket_viewers",
        _ticket_id(),
        sa.Column("name", sa.String(length=200), primary_key=True),
        sa.Column("seen_at", INSTANT, nullable=False),
    )
    op.create_table(
        "alerts",
        _ticket_id(),
        sa.Column("spell", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(length=20), primary_key=True),
        sa.Column("id", sa.String(length=32), nullable=False, unique=True),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_alerts_next", "alerts", ["done_at", "next_at"])


def downgrade() -> None:
    """Take them back; a ticket that waits or is snoozed is new again."""
    op.execute("UPDATE tickets SET state = 'new' WHERE state IN ('waiting_for_patient', 'snoozed')")
    for table in ("clinic_hours", "alerts", "ticket_viewers", "ticket_labels", "ticket_events"):
        op.drop_table(table)
    op.drop_index("ix_conversations_state", "conversations")
    for name in INDEXES:
        op.drop_index(name, "tickets")
    with op.batch_alter_table("tickets") as batch:
        for column in _added():
            batch.drop_column(column.name)
