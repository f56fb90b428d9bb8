"""Alembic's entry: migrates the database that `bot.database.Database.migrate` hands over."""

from alembic import context

import bot.content.store
import bot.conversation.feedback
import bot.conversation.store
import bot.desk.store
import bot.triage.notices
import bot.triage.store  # noqa: F401 - imported so that their tables are known
from bot.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
