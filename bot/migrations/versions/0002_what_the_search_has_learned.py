"""What the search has learned."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the table up."""
    op.create_table(
        "search_weights",
        sa.Column("ways_sha256", sa.String(length=64), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ways_sha256"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("search_weights")
