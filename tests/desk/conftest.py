"""Staff pages on a real database, with a browser for each member of staff."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from bot.content import record
from bot.content import store as contents
from bot.content.blocks import BulletList, Notice, Paragraph, Table, Text
from bot.content.store import Draft
from bot.content.topic import Level
from bot.conversation import store as conversations
from bot.conversation.bell import Bell
from bot.conversation.fixed import Fixed
from bot.conversation.message import Message, Provenance
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.desk import pages, provider, store
from bot.roles import Role
from bot.settings import Settings
from bot.triage import store as tickets
from bot.triage import urgency
from tests.when import NOW

PASSWORD = "correct horse battery"
HERE = {"Origin": "http://testserver"}
RULES = urgency.load(Settings().data_dir / "urgency.yml")
SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def database(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(store, "_hasher", PasswordHasher.from_parameters(CHEAPEST))  # seconds that the tests wait for
    made = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'desk.sqlite')}")
    with made.writing() as session:
        for role in Role:
            store.add_staff(session, name=role, role=role, password=PASSWORD)
    yield made
    made.close()


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    return desk_app(database, Settings(var_dir=tmp_path))


@cache
def texts() -> Fixed:
    """The fixed texts, read once."""
    return Fixed.load(Settings())


def desk_app(database: Database, settings: Settings) -> FastAPI:
    """The staff pages alone."""
    made, fixed = FastAPI(), texts()
    fixed.note_hours(None)
    made.state.desk = pages.Desk(
        database=database, settings=settings, fixed=fixed, bell=Bell(), provider=provider.of(settings)
    )
    made.include_router(pages.build())
    return made


@dataclass
class Browser:
    """What one person has open."""

    client: TestClient

    def get(self, path: str) -> Response:
        return self.client.get(path)

    def sign_in(self, name: str, password: str = PASSWORD, headers: dict[str, str] | None = None) -> Response:
        form = {"name": name, "password": password}
        return self.client.post("/desk/login", data=form, headers=HERE if headers is None else headers)

    def submit(self, page: str, action: str, **fields: str) -> Response:
        """Send a form of a page as it stands there, with some of its fields changed."""
        return self.client.post(action, data={**form(self.get(page).text, action), **fields})


def form(html: str, action: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    inside = html.split(f'action="{action}"')[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', inside))


def token(html: str) -> str:
    """The token of the session that a page was made for."""
    return form(html, "/desk/logout")["csrf"]


def move(browser: Browser, revision: int, after: str, **fields: str) -> Response:
    """Make a move by its own page, as it stands there."""
    path = f"/desk/review/{revision}"
    return browser.submit(f"{path}/move/{after}", path, **fields)


Open = Callable[[str], Browser]


@pytest.fixture
def stranger(app: FastAPI) -> Browser:
    return Browser(TestClient(app, follow_redirects=False))


@pytest.fixture
def browser(app: FastAPI) -> Open:
    """Open a browser in which somebody is signed in; names are roles."""

    def open_for(name: str) -> Browser:
        made = Browser(TestClient(app, follow_redirects=False))
        assert made.sign_in(name).status_code == 303
        return made

    return open_for


def open_ticket(database: Database, *, by: str = "emergency", said: str = "it hurts") -> tickets.Ticket:
    """A conversation with a reviewed answer and a ticket."""
    greeting = Message(role=Speaker.ASSISTANT, text="Hello.", created_at=NOW)
    with database.writing() as session:
        one, token = conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
        )
        received = conversations.receive(
            session, conversation_id=one, token=token, client_id="1", text=said, choice=None, drugs=frozenset(), now=NOW
        )
        source = Provenance(
            topic="example", title="The example", revision=2, level="plain", sha256="0" * 64,
            reviewed_by="Dr Bea", reviewed_on=NOW.date(), review_due=NOW.date().replace(year=2027),
        )  # fmt: skip
        reply = Message(role=Speaker.ASSISTANT, text="Talk to the team.", provenance=[source], created_at=NOW)
        ticket = tickets.open_ticket(
            session, conversation_id=one, assessment=RULES.assess(by), matched=f"rule: {said}"[:500], summary=said,
            now=NOW,
        )  # fmt: skip
        conversations.answer(session, received, reply, now=NOW)
        return ticket


@pytest.fixture
def ticket(database: Database) -> tickets.Ticket:
    return open_ticket(database)


DRAFT = Draft(
    id="example", title="The example", button="Example", kind="mechanism", closing="treatment", author="author",
    texts={
        level: Text([
            Paragraph(f"How it works, {level}."), BulletList(["one", "two"]), Notice("Mind this."),
            Table("Two things", columns=["name", "what"], rows=[["a", "b"]]),
        ])
        for level in Level
    },
    tags=("clomiphene",), audience=("men",), questions=("how does it work",), related=("other-topic",),
    sources=("A book. 2020.", "Another book. 2021. [not yet checked by a reviewer]"),
    evidence=({"fact": "It does work so.", "references": ["book"], "section": "Chapter 1"},),
    for_reviewer=("Please check the wording.",),
)  # fmt: skip


def put_text(database: Database, **changes: str) -> int:
    """Import a draft; returns its revision's id."""
    draft = replace(DRAFT, **changes)
    with database.writing() as session:
        contents.import_drafts(session, [draft], now=NOW)
        return next(row.revision_id for row in record.list_latest(session) if row.topic == draft.id)


@pytest.fixture
def revision(database: Database) -> int:
    return put_text(database)


def audit(database: Database) -> list[tuple[str, str, str]]:
    """Actor, action and subject of every line, in order."""
    with database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT actor, action, subject FROM audit ORDER BY id")
        return [(row[0], row[1], row[2]) for row in rows]
