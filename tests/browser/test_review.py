"""The review of texts in a real browser: by keyboard from the list to a decision, and axe on every page of it."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.content import governance, record, store
from bot.content.blocks import Paragraph, Text
from bot.content.review import State
from bot.content.topic import Level
from bot.database import Database
from bot.desk import store as staff_store
from bot.roles import Role
from bot.settings import Settings
from tests.browser.looking import violations
from tests.desk.conftest import DRAFT, PASSWORD, desk_app
from tests.desk.test_review_gaps import HICCUPS, ask
from tests.when import NOW

WIDTHS = {"phone": (360, 740), "desktop": (1280, 800)}


@dataclass
class Desk:
    """The staff pages, served, on a database of their own."""

    url: str
    database: Database
    revision: int


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = Database(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    database.migrate()
    app = desk_app(database, Settings(var_dir=tmp_path))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, ws="none", log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield Desk(f"http://127.0.0.1:{port}", database, filled(database))
    server.should_exit = True
    thread.join()
    database.close()


def filled(database: Database) -> int:
    """Two revisions of a text, the first approved and the second in review; a withdrawn text; a question."""
    second = {level: Text([Paragraph("It takes six months."), *DRAFT.texts[level].blocks]) for level in Level}
    with database.writing() as session:
        for role in (Role.AUTHOR, Role.REVIEWER):
            staff_store.add_staff(session, name=role, role=role, password=PASSWORD)
        store.import_drafts(session, [DRAFT], now=NOW)
        first = record.history(session, DRAFT.id)[0].revision_id
        governance.move(session, first, State.IN_REVIEW, actor="author", role=Role.AUTHOR, now=NOW)
        governance.move(session, first, State.APPROVED, actor="Bea", role=Role.REVIEWER, now=NOW)
        other = replace(DRAFT, id="second", title="A withdrawn text")
        store.import_drafts(session, [replace(DRAFT, texts=second), other], now=NOW)
        governance.withdraw(session, "second", actor="Bea", role=Role.REVIEWER, now=NOW, note="a warning")
        newest = record.history(session, DRAFT.id)[0].revision_id
        governance.comment(session, newest, "Which months?", actor="reviewer", now=NOW)
        governance.move(session, newest, State.IN_REVIEW, actor="author", role=Role.AUTHOR, now=NOW)
    ask(database, ("does clomid cause hiccups", HICCUPS))
    return newest


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


def signed_in(chrome: Browser, desk: Desk, name: str, *, width: str = "desktop", dark: bool = False) -> Page:
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    page = chrome.new_context(viewport=size, color_scheme="dark" if dark else "light").new_page()
    page.goto(f"{desk.url}/desk/login")
    page.get_by_label("Name").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review of texts")
    return page


def tab_to(page: Page, role: str, name: str) -> None:
    """Press Tab until something has the focus; a page on which it cannot be reached so fails."""
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    for _ in range(120):
        if wanted.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {role} {name}")


def choose(page: Page, name: str) -> None:
    tab_to(page, "link", name)
    page.keyboard.press("Enter")


def state(desk: Desk) -> State:
    with desk.database.reading() as session:
        return store.standing(session, desk.revision).state


def test_changes_are_requested_by_keyboard_alone(chrome: Browser, desk: Desk) -> None:
    page = signed_in(chrome, desk, "reviewer")
    choose(page, "Waiting for a reviewer 1")
    choose(page, "The example")
    choose(page, "Request changes")
    tab_to(page, "textbox", "What should be changed")
    tab_to(page, "button", "Request changes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("What should be changed: write it")
    assert page.title().startswith("Error: ")
    tab_to(page, "textbox", "What should be changed")
    page.keyboard.type("Name the source of the six months.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("this revision is draft")
    expect(page.get_by_text("Name the source of the six months.")).to_be_visible()
    assert state(desk) is State.DRAFT


def test_a_text_is_compared_and_approved_by_keyboard_alone(chrome: Browser, desk: Desk) -> None:
    page = signed_in(chrome, desk, "reviewer")
    choose(page, "The example")
    choose(page, "Beside another revision")
    expect(page.locator("ins").first).to_contain_text("It takes six months.")
    choose(page, "Back to The example")
    choose(page, "Approve")
    expect(page.get_by_text("It takes the place of the revision approved before.", exact=False)).to_be_visible()
    tab_to(page, "textbox", "Next review due (optional)")
    page.keyboard.type("05312099")
    tab_to(page, "button", "Approve")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("this revision is approved")
    expect(page.get_by_text("next due on 31 May 2099")).to_be_visible()
    assert state(desk) is State.APPROVED


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_is_cut_off(chrome: Browser, desk: Desk, width: str, dark: bool) -> None:
    page = signed_in(chrome, desk, "reviewer", width=width, dark=dark)
    here = f"/desk/review/{desk.revision}"
    for path in (
        "/desk/review", "/desk/review?need=due_30", "/desk/review/tasks", "/desk/review/tasks?closed=9",
        "/desk/review/gaps", "/desk/review/gaps/1", "/desk/review/gaps?dismissed=true", "/desk/review/moves?since=x",
        here, f"{here}?done=in_review", f"{here}/move/approved", f"{here}/move/draft", f"{here}/move/withdrawn",
        f"{here}/move/in_review", f"{here}/roll-back", f"/desk/review/{desk.revision - 1}/roll-back",
        f"{here}/difference", f"{here}/preview", f"{here}/preview?channel=sms", f"{here}/preview?channel=telegram",
        f"{here}/edit",
    ):  # fmt: skip
        page.goto(desk.url + path)
        assert violations(page) == [], path
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, path
