"""What the tests share: settings, databases of both kinds, a whole Axis, a browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from bot.content import files, store
from bot.content.learned import prepare
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.encoder import Encoder
from bot.settings import Mode, Settings
from evaluation.running import Running, axis_running
from tests.when import NOW

POSTGRES = os.environ.get("AXIS_TEST_DATABASE_URL", "postgresql+psycopg://root@127.0.0.1/test")


def missing(reason: str) -> None:
    """A real part is missing: skip here, fail on CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path)


@pytest.fixture(scope="session")
def fixed() -> Fixed:
    return Fixed.load(Settings())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with its tables: copying it takes a hundredth of the time that migrating takes."""
    path = tmp_path_factory.mktemp("migrated") / "axis.sqlite"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """The name of an empty PostgreSQL database with its tables, to make others from."""
    with _server() as server, _named(server) as name:
        _migrate(f"{POSTGRES.rsplit('/', 1)[0]}/{name}")
        yield name


@contextmanager
def _server() -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(POSTGRES.replace("+psycopg", ""), autocommit=True)
    except psycopg.OperationalError:
        missing("no PostgreSQL: set AXIS_TEST_DATABASE_URL")
    with connection:
        yield connection


@contextmanager
def _named(server: psycopg.Connection, *, template: str = "template1") -> Iterator[str]:
    """A database of a name that nobody has, for as long as it is needed."""
    name = f"axis_test_{uuid4().hex}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield name
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, migrated: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty database of either kind, migrated."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.sqlite')}")
        yield made
        made.close()
        return
    template = request.getfixturevalue("migrated_postgres")
    with _server() as server, _named(server, template=template) as name:
        made = Database(f"{POSTGRES.rsplit('/', 1)[0]}/{name}")
        yield made
        made.close()


@pytest.fixture
def database(either: Database) -> Database:
    """The same; the desk's tests have one of their own of this name, with accounts."""
    return either


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory, fixed: Fixed) -> Path:
    """A SQLite file that holds every text of data/en; copy it, never write to it."""
    path = tmp_path_factory.mktemp("stocked") / "axis.sqlite"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    drafts = files.read_drafts(Settings().language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    with database.writing() as session:
        store.import_drafts(session, [*drafts, *fixed.drafts(), *fixed.wordings()], now=NOW)
        catalogue = store.load_catalogue(session, mode=Mode.DEMO, today=NOW.date())
    prepare(database, catalogue, Encoder(Settings().models_dir / "encoder"))
    database.close()
    with Database(f"sqlite:///{path}").reading() as session:  # a last reader folds the write-ahead log in
        session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def stocked_settings(stocked: Path, tmp_path: Path) -> Settings:
    """Settings whose database holds every text."""
    shutil.copy(stocked, tmp_path / "axis.sqlite")
    return Settings(var_dir=tmp_path)


@pytest.fixture(scope="session")
def axis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole Axis, started as a clinic would: gateway, Rasa and action server."""
    with axis_running(tmp_path_factory.mktemp("axis")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("AXIS_CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)
    if not found:
        missing("no Chromium: install it (Debian: apt-get install chromium), or set AXIS_CHROMIUM to its path")
    return str(found)
