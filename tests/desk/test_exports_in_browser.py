"""The page for paper in a real browser: axe, by keyboard, on a telephone, in print, and on one sheet."""

import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, expect, sync_playwright

from bot.database import Database
from bot.triage.store import Ticket
from tests.browser.looking import violations
from tests.desk.conftest import PASSWORD, open_ticket

SAID = "it hurts and " + "it does not stop " * 20 + "w" * 90
WIDTHS = [360, 1280]


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Staff pages behind a real server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def ticket(database: Database) -> Ticket:
    return open_ticket(database, said=SAID)


@pytest.fixture
def page(address: str, ticket: Ticket, chromium: str) -> Iterator[Page]:
    """The ticket's page, signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"{address}/desk/login")
        page.get_by_label("Name").fill("front_desk")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Queue")).to_be_visible()
        page.goto(f"{address}/desk/tickets/{ticket.id}")
        yield page
        browser.close()


def test_by_keyboard_from_the_ticket_to_paper_and_back(page: Page) -> None:
    page.get_by_role("link", name="for printing").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("request to the team")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Back to the ticket")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="as FHIR")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("media", ["screen", "print"])
def test_axe_finds_nothing_and_nothing_is_cut_off(page: Page, width: int, media: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert violations(page) == []
    page.get_by_role("link", name="for printing").click()
    page.emulate_media(media=media)  # type: ignore[arg-type]
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.get_by_role("link", name="Back to the ticket").is_visible() == (media == "screen")


def test_an_ordinary_ticket_is_one_sheet_and_its_style_is_ours(page: Page) -> None:
    page.get_by_role("link", name="for printing").click()
    expect(page.get_by_role("link", name="Back to the ticket")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).borderBottomWidth") == "1px"
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert len(sheets) == 1


def test_a_bundle_is_saved_and_a_text_is_shown(page: Page, ticket: Ticket) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="as FHIR").click()
    assert download.value.suggested_filename == f"ticket-{ticket.id[:6]}.fhir.json"
    page.get_by_role("link", name="as text").click()
    expect(page.locator("body")).to_contain_text("REQUEST TO THE TEAM, EMERGENCY")
