"""`axis staff ...`: accounts from the command line, for the first admin and for the day on which nobody gets in."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from bot.desk import accounts, passwords, store, strings
from bot.desk.accounts import By
from bot.roles import Role
from bot.settings import Settings
from bot.terminal import console, open_database
from bot.translation import FILE

app = typer.Typer(no_args_is_help=True, help="Staff accounts, and the language of the staff pages.")

BY = By("command line", Role.ADMIN)
"""Whoever may run commands on this machine may do anything; the audit says that it was done here."""


@app.command()
def add(name: str, role: Role) -> None:
    """Make an account with a one-time password, which is shown once."""
    password = passwords.one_time()
    hashed = store.hash_password(password)
    with open_database(Settings.read()).writing() as session:
        accounts.add(session, by=BY, name=name, role=role, password_hash=hashed, now=datetime.now(UTC))
    _tell(f"{name} ({role}): {password}")


@app.command()
def disable(name: str) -> None:
    """Let somebody in no longer, and end their sessions."""
    with open_database(Settings.read()).writing() as session:
        accounts.disable(session, accounts.id_of(session, name), by=BY, now=datetime.now(UTC))
    _tell(f"{name} is disabled")


@app.command()
def enable(name: str) -> None:
    """Let somebody in again, also if the account is locked."""
    with open_database(Settings.read()).writing() as session:
        accounts.enable(session, accounts.id_of(session, name), by=BY, now=datetime.now(UTC))
    _tell(f"{name} is enabled")


@app.command()
def reset(
    name: str, *, second: Annotated[bool, typer.Option("--second", help="Take the second factor away, too.")] = False
) -> None:
    """Give somebody a one-time password, which is shown once, and end their sessions."""
    password = passwords.one_time()
    hashed = store.hash_password(password)
    with open_database(Settings.read()).writing() as session:
        now = datetime.now(UTC)
        staff_id = accounts.id_of(session, name)
        accounts.reset_password(session, staff_id, hashed, by=BY, now=now)
        if second:
            accounts.reset_second(session, staff_id, by=BY, now=now)
    _tell(f"{name}: {password}")


@app.command("list")
def list_accounts() -> None:
    """All accounts."""
    now = datetime.now(UTC)
    with open_database(Settings.read()).reading() as session:
        found = accounts.list_accounts(session, now=now)
    if not found:
        console.print("There are no accounts yet: axis staff add NAME admin makes the first.")
        return
    table = Table("name", "role", "state", "second factor", "last sign-in", "sessions")
    for one in found:
        state = "disabled" if one.disabled_at else "locked" if one.locked_until and one.locked_until > now else "active"
        last = f"{one.signed_in_at:%Y-%m-%d %H:%M}" if one.signed_in_at else "never"
        table.add_row(one.name, one.role, state, "yes" if one.has_second else "no", last, str(one.sessions))
    console.print(table)


@app.command("strings")
def collect_strings(language: str) -> None:
    """Make data/LANGUAGE/staff.po for a translator, or bring it up to date with the staff pages."""
    folder = Settings.read().data_dir / language
    made = strings.update(language, folder)
    _tell(f"{folder / FILE}: {made.texts} texts, {made.untranslated} without a translation, {made.doubtful} to confirm")


def _tell(line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)
