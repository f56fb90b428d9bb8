"""What the tests of telephone triage share: an action server of its own, and a web process with every text."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import uvicorn
from pydantic import SecretStr

from bot import app
from bot.database import Database
from bot.desk import store
from bot.roles import Role
from bot.settings import ROOT, Settings
from evaluation.running import free_port
from tests.desk.conftest import PASSWORD

SECRET = "between web and actions"


def settings_for(var: Path) -> Settings:
    """Settings on free ports, whose database lies in a folder."""
    return Settings(
        var_dir=var, port=free_port(), rasa_port=free_port(), actions_port=free_port(),
        internal_secret=SecretStr(SECRET), rate_limits=False,
    )  # fmt: skip


@contextmanager
def action_server(settings: Settings) -> Iterator[str]:
    """`python -m actions`, for as long as the block lasts."""
    environment = {
        **os.environ, "AXIS_ACTIONS_PORT": str(settings.actions_port), "AXIS_VAR_DIR": str(settings.var_dir),
        "AXIS_INTERNAL_SECRET": SECRET, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    log = settings.var_dir / "actions.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "actions"], cwd=ROOT, env=environment, stdout=out, stderr=out
        )  # fmt: skip
    url = f"http://127.0.0.1:{settings.actions_port}"
    try:
        _wait(f"{url}/health", lambda: process.poll() is None, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def web_process(settings: Settings) -> Iterator[str]:
    """The whole web application on a real port, with an account for each role."""
    database = Database(settings.resolved_database_url)
    with database.writing() as session:
        for role in Role:
            store.set_password(session, name=role, role=role, password=PASSWORD)
    made = app.create(settings)
    server = uvicorn.Server(uvicorn.Config(made, port=settings.port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{settings.port}"
    try:
        _wait(f"{url}/healthz", thread.is_alive, settings.var_dir / "web.log")
        yield url
    finally:
        server.should_exit = True
        thread.join(10)
        database.close()


def _wait(url: str, alive: object, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert callable(alive) and alive(), log.read_text()[-2000:] if log.exists() else "it ended"
        try:
            if httpx2.get(url, timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
