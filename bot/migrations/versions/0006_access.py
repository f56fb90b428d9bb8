"""Access: disabled accounts, one-time passwords, second factors, single sign-on, sessions with device and age."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0006"
down_revision = "0008"

ACCOUNTS = ("disabled_at", "signed_in_at", "must_change", "totp_secret", "totp_pending", "totp_step", "may_link", "subject_sha256")
AUDITED = ("at", "actor", "subject")


def upgrade() -> None:
    """Bring them up. Everybody signs in anew: of the old sessions nobody knows device or age."""
    op.add_column("staff", sa.Column("disabled_at", bot.database.Instant(timezone=True), nullable=True))
    op.add_column("staff", sa.Column("signed_in_at", bot.database.Instant(timezone=True), nullable=True))
    op.add_column("staff", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("staff", sa.Column("totp_secret", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("staff", sa.Column("totp_pending", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("staff", sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("staff", sa.Column("may_link", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("staff", sa.Column("subject_sha256", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_staff_subject_sha256"), "staff", ["subject_sha256"], unique=True)
    op.drop_table("staff_sessions")
    op.create_table(
        "staff_sessions",
        sa.Column("token_sha256", sa.String(length=64), primary_key=True),
        sa.Column("public_id", sa.String(length=32), nullable=False, unique=True),
        sa.Column("staff_id", sa.String(length=32), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=60), nullable=False),
        sa.Column("by_provider", sa.Boolean(), nullable=False),
        sa.Column("code_given", sa.Boolean(), nullable=False),
        sa.Column("opened_at", bot.database.Instant(timezone=True), nullable=False),
        sa.Column("seen_at", bot.database.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", bot.database.Instant(timezone=True), nullable=False),
    )
    op.create_table(
        "staff_recovery_codes",
        sa.Column("staff_id", sa.String(length=32), sa.ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("code_sha256", sa.String(length=64), primary_key=True),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("address", sa.String(length=64), nullable=False, index=True),
        sa.Column("at", bot.database.Instant(timezone=True), nullable=False),
    )
    op.create_table(
        "provider_visits",
        sa.Column("state_sha256", sa.String(length=64), primary_key=True),
        sa.Column("browser_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("then", sa.String(length=1000), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("expires_at", bot.database.Instant(timezone=True), nullable=False),
    )
    for column in AUDITED:
        op.create_index(op.f(f"ix_audit_{column}"), "audit", [column])


def downgrade() -> None:
    """Take them back."""
    for column in AUDITED:
        op.drop_index(op.f(f"ix_audit_{column}"), "audit")
    for table in ("provider_visits", "sign_in_attempts", "staff_recovery_codes", "staff_sessions"):
        op.drop_table(table)
    op.drop_index(op.f("ix_staff_subject_sha256"), "staff")
    for column in ACCOUNTS:
        op.drop_column("staff", column)
    op.create_table(
        "staff_sessions",
        sa.Column("token_sha256", sa.String(length=64), primary_key=True),
        sa.Column("staff_id", sa.String(length=32), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("expires_at", bot.database.Instant(timezone=True), nullable=False),
    )
