"""What the commands share: the terminal, steps with their time, and the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from bot.database import Database
from bot.settings import Settings

console = Console(highlight=False)


@contextmanager
def step(name: str) -> Iterator[Any]:
    """Show that something is being done, and how long it took."""
    started = time.monotonic()
    with console.status(name) as status:
        yield status
    console.print(f"[green]✓[/] {name} [dim]({time.monotonic() - started:.1f} s)[/]")


def open_database(settings: Settings) -> Database:
    """The database of these settings, with the patience of a person at a terminal."""
    return Database(settings.resolved_database_url, limit_s=max(settings.store_limit_s, 10.0))
