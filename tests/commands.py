"""How the tests of the command `axis` call it, and what a SQLite file holds."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.database import Database
from bot.settings import ROOT
from tests.content.test_store import draft, put

TEXTS = ("topics", "revisions", "moves", "comments", "content_tasks")
"""The tables of the vetted texts."""

ANN = ("--actor", "Ann", "--role", "author")
BEA = ("--actor", "Bea", "--role", "reviewer")
STATES = (
    "SELECT number, state, actor, note FROM moves JOIN revisions ON revisions.id = revision_id "
    "WHERE topic_id = ? ORDER BY moves.id"
)


def axis(*words: str) -> Result:
    """Call the command in this process; an error of ours is `exception`, and its exit code is 1."""
    return CliRunner().invoke(app, [*words])


def done(*words: str) -> str:
    """Call the command, which must succeed; returns what it printed."""
    result = axis(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def process(*words: str, **environment: str) -> tuple[int, str]:
    """Call the command as an operator does, in a process of its own; returns its exit code and all that it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot.cli", *words],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout + ran.stderr


def ask(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows that a query finds in a SQLite file, or the change that it makes there."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(query, values).fetchall()


def texts(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row about the vetted texts, to be compared before and after."""
    return {table: ask(path, f"SELECT * FROM {table} ORDER BY 1") for table in TEXTS}


def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty migrated store where the command will look for it; returns its file."""
    monkeypatch.setenv("AXIS_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    made = tmp_path / "axis.sqlite"
    Database(f"sqlite:///{made}").migrate()
    return made


def add(path: Path, text: str = "It works like this.") -> int:
    """Put a revision of the topic `example` into the store; returns its id."""
    put(Database(f"sqlite:///{path}"), draft(text))
    return int(ask(path, "SELECT max(id) FROM revisions")[0][0])


def approve(path: Path, text: str = "It works like this.", *, due: date | None = None) -> int:
    """Add a revision and have it approved by Bea; returns its id."""
    revision = add(path, text)
    done("content", "move", str(revision), "in_review", *ANN)
    done("content", "move", str(revision), "approved", *BEA, *(("--due", str(due)) if due else ()))
    return revision


def refused(path: Path, error: type[Exception], *words: str) -> str:
    """Call a command that must be refused and leave the texts as they were; returns the reason."""
    before = texts(path)
    result = axis("content", *words)
    assert (result.exit_code, type(result.exception)) == (1, error), result.output
    assert texts(path) == before
    return str(result.exception)
