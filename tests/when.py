"""The instant at which the tests that pass a clock in take place."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
