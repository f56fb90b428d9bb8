"""Alembic's migrations; `bot.database.Database.migrate` runs them."""
