"""The database: engine, sessions and the base of all tables. The only SQLAlchemy outside the store modules."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, DateTime, Dialect, Engine, TypeDecorator, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session

from bot.errors import Unavailable

SESSION = Session
"""Re-exported, so that a pure module can name the type without importing SQLAlchemy."""


class Base(DeclarativeBase):
    """The base of all tables."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC date and time; SQLite would hand it back naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC before it is stored."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again after it is read."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One database, SQLite in WAL mode or PostgreSQL, with short limits so that nobody waits for long.

    Args:
        url: SQLAlchemy URL.
        limit_s: seconds a statement, a lock or a connection attempt may take.
        durable: a commit survives a power cut. Rasa's tracker does without: it can be lost and is never promised.
    """

    def __init__(self, url: str, *, limit_s: float = 2.0, durable: bool = True) -> None:
        self.url = make_url(url)
        self._engine = _engine(url, limit_s=limit_s, durable=durable)
        self._writer = self._engine.execution_options(axis_begin="BEGIN IMMEDIATE")
        self._kept = threading.local()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads.

        Raises:
            Unavailable: the database did not answer.
        """
        with _translated(), Session(self._engine) as session:
            yield session

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """A connection for one statement, which is a transaction by itself: each thread keeps its own.

        A fifth of the time of `reading`, for what every turn asks.

        Raises:
            Unavailable: the database did not answer; the next call connects anew.
        """
        with _translated():
            connection: Connection | None = getattr(self._kept, "connection", None)
            if connection is None or connection.closed or connection.invalidated:
                connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._kept.connection = connection
            try:
                yield connection
            except SQLAlchemyError:
                self._kept.connection = None
                connection.invalidate()
                connection.close()
                raise

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed when the block ends, and rolled back if it raises.

        Raises:
            Unavailable: the database did not answer; nothing was written.
        """
        with _translated(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def probe(self) -> None:
        """Write and read back one value, as readiness demands.

        Raises:
            Unavailable: it could not.
        """
        with self.writing() as session:
            session.execute(text("UPDATE probe SET checked = checked + 1"))
            session.execute(text("SELECT checked FROM probe")).scalar_one()

    def migrate(self) -> None:
        """Bring the tables up to this version of Axis.

        Raises:
            Unavailable: the database did not answer.
        """
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with _translated(), self._engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def one_at_a_time(session: Session, name: str) -> None:
    """Hold others who do the same until this transaction ends, so that a chain of rows cannot fork.

    SQLite's writers take turns by themselves.
    """
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


@contextmanager
def _translated() -> Iterator[None]:
    """SQLAlchemy's errors as ours, without the statement's parameters, which may be a patient's words."""
    try:
        yield
    except SQLAlchemyError as error:
        raise Unavailable(f"the database did not answer as it should ({type(error).__name__})") from None


def _engine(url: str, *, limit_s: float, durable: bool) -> Engine:
    limit_ms = int(limit_s * 1000)
    if not url.startswith("sqlite"):
        options = f"-c statement_timeout={limit_ms} -c lock_timeout={limit_ms}"
        connect = {"connect_timeout": max(2, round(limit_s)), "options": options}
        return create_engine(
            url, pool_pre_ping=True, pool_size=10, pool_timeout=limit_s, connect_args=connect, hide_parameters=True
        )
    engine = create_engine(
        url, connect_args={"timeout": limit_s, "check_same_thread": False}, pool_size=10, hide_parameters=True
    )
    synchronous = "FULL" if durable else "NORMAL"

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return  # `glancing`: a transaction would show for ever what stood there when it began
        # A writer that first reads must hold the write lock from the start, or its upgrade can fail at once.
        connection.exec_driver_sql(options.get("axis_begin", "BEGIN"))

    return engine
