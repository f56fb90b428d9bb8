"""What the three processes are started with."""

from pathlib import Path

import pytest

from bot import supervise
from bot.settings import Settings

THREADS = "OPENBLAS_NUM_THREADS"


def test_numpy_keeps_to_one_thread_where_nobody_has_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(THREADS, raising=False)
    assert supervise.environment(Settings(var_dir=tmp_path))[THREADS] == "1"
    monkeypatch.setenv(THREADS, "2")
    assert supervise.environment(Settings(var_dir=tmp_path))[THREADS] == "2"


def test_all_processes_share_one_secret_and_tell_nobody_anything(tmp_path: Path) -> None:
    first, second = (supervise.environment(Settings(var_dir=tmp_path)) for _ in range(2))
    assert first["RASA_TELEMETRY_ENABLED"] == "false"
    assert first["AXIS_INTERNAL_SECRET"] == second["AXIS_INTERNAL_SECRET"] != ""
