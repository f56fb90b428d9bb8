"""Starts the three processes under supervisor, restarts one that ends, and waits until a real question is answered."""

import configparser
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx2

from bot.errors import AxisError
from bot.settings import ROOT, Settings

READY_WITHIN_S = 180.0
STOP_WITHIN_S = 20.0
LEAST_FREE_BYTES = 500 * 1024 * 1024
"""Disk space for the model, the database and the logs of some weeks."""

PROCESSES = {"web": "bot.app", "rasa": "bot.dialogue.server", "actions": "actions"}
"""Each process and the module that it runs."""

ONE_THREAD = "1"
"""Threads of numpy's products in each process. Ours are small: a second thread is no help to them, and after each
product it turns idly for a while, which took 25 ms of processor time a turn (docs/decisions/0011-round-trip.md)."""


class StartFailed(AxisError):
    """A process could not be started; the reason is in words for the operator."""


def check_machine(settings: Settings) -> None:
    """Refuse to begin where it would fail later.

    Raises:
        StartFailed: a port is taken, or the disk is nearly full.
    """
    ports = {
        "AXIS_PORT": settings.port,
        "AXIS_RASA_PORT": settings.rasa_port,
        "AXIS_ACTIONS_PORT": settings.actions_port,
    }
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host if name == "AXIS_PORT" else "127.0.0.1", port))
            except OSError:
                raise StartFailed(
                    f"Port {port} is taken. Stop what uses it, perhaps another Axis, or set another: {name}={port + 1}"
                ) from None
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.var_dir).free
    if free < LEAST_FREE_BYTES:
        raise StartFailed(
            f"The disk of {settings.var_dir} has {free // 2**20} MB left; Axis needs {LEAST_FREE_BYTES // 2**20} MB. "
            "Make room, or set AXIS_VAR_DIR to a folder on another disk."
        )


def internal_secret(settings: Settings) -> str:
    """The secret that web and Rasa share: as set, or made once and kept in a file that only this user reads."""
    if given := settings.internal_secret.get_secret_value():
        return given
    path = settings.var_dir / "internal-secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text()


def configuration(settings: Settings) -> Path:
    """Supervisor's configuration for the three processes, written into the var folder."""
    logs = settings.var_dir / "log"
    logs.mkdir(parents=True, exist_ok=True)
    parser = configparser.RawConfigParser()
    parser["supervisord"] = {
        "nodaemon": "true",
        "silent": "true",
        "logfile": str(logs / "supervisor.log"),
        "pidfile": str(settings.var_dir / "supervisor.pid"),
        "childlogdir": str(logs),
    }
    if os.geteuid() == 0:
        parser["supervisord"]["user"] = "root"  # said on purpose, or supervisor warns
    for name, module in PROCESSES.items():
        parser[f"program:{name}"] = {
            "command": f'"{sys.executable}" -m {module}',
            "directory": str(ROOT),
            "autorestart": "true",
            "startsecs": "2",
            "startretries": "1000",
            "stopasgroup": "true",
            "killasgroup": "true",
            "stopwaitsecs": "8",
            "redirect_stderr": "true",
            "stdout_logfile": str(logs / f"{name}.log"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
        }
    path = settings.var_dir / "supervisor.conf"
    with path.open("w") as file:
        parser.write(file)
    return path


def environment(settings: Settings) -> dict[str, str]:
    """The environment of the three processes: this one's, with what they share."""
    return {
        "OPENBLAS_NUM_THREADS": ONE_THREAD,
        **os.environ,
        "AXIS_INTERNAL_SECRET": internal_secret(settings),
        "RASA_TELEMETRY_ENABLED": "false",
    }


@contextmanager
def running(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The three processes, for as long as the block lasts; a signal to stop stops them all."""
    command = [str(Path(sys.executable).with_name("supervisord")), "--configuration", str(configuration(settings))]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
        env=environment(settings),
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def wait_until_ready(settings: Settings, process: subprocess.Popen[bytes], tell: Callable[[str], None]) -> None:
    """Ask for readiness until a real question is answered.

    Args:
        settings: where the web process listens.
        process: supervisor.
        tell: is told what is still missing.

    Raises:
        StartFailed: supervisor ended, or it took too long; says where the logs are.
    """
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    deadline = time.monotonic() + READY_WITHIN_S
    with httpx2.Client(timeout=settings.reply_limit_s + 2) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise StartFailed(f"A process could not be started; see {settings.var_dir / 'log'}")
            try:
                parts = client.get(f"http://{host}:{settings.port}/readyz").json()["parts"]
            except (httpx2.HTTPError, ValueError, KeyError):
                parts = {"web": False}
            missing = [part for part, well in parts.items() if not well]
            if not missing:
                return
            tell(f"waiting for {' and '.join(missing)}")
            time.sleep(0.2)
    raise StartFailed(f"Axis was not ready within {READY_WITHIN_S:.0f} s; see {settings.var_dir / 'log'}")
