"""The staff's telephone screen, figures and search in a real browser: by keyboard, while typing, and with axe.

No Rasa runs: the web process is whole, and the action server is started where a test says so.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.looking import violations
from tests.desk.conftest import PASSWORD
from tests.desk.phone_parts import action_server, settings_for, web_process

WIDTHS = (360, 1280)
CHEST = "he has crushing chest pain right now"


@pytest.fixture(scope="module")
def url(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(stocked, folder / "axis.sqlite")
    settings = settings_for(folder)
    with action_server(settings), web_process(settings) as served:
        yield served


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


def visit(browser: Browser, url: str, *, width: int = 1280, script: bool = True, dark: bool = False) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=script, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.goto(f"{url}/desk/login")
    page.get_by_label("Name").fill("front_desk")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{url}/desk/phone")
    yield page
    context.close()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    yield from visit(browser, url)


def tab_to(page: Page, **focused: str) -> None:
    """Press Tab until something of this name or id has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if all(page.evaluate(f"document.activeElement.{name}") == value for name, value in focused.items()):
            return
    raise AssertionError(f"Tab does not reach {focused}")


def test_a_red_flag_shows_while_typing_without_a_submit(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.is_navigation_request() else None)
    page.get_by_label("What the caller says").press_sequentially(CHEST, delay=5)
    expect(page.get_by_role("alert").filter(has_text="Red flag: Emergency")).to_be_visible(timeout=3000)
    expect(page.locator("#marked mark.flag")).to_have_text(["crushing", "chest"])
    expect(page.locator("#alarms")).to_contain_text("Call 911 now.")
    expect(page.get_by_label("What the caller says")).to_be_focused()
    assert sent == []


def test_the_whole_call_by_keyboard_alone(page: Page) -> None:
    tab_to(page, id="said")
    page.keyboard.type("will clomid mess with my eyes")
    expect(page.locator("#texts details").first).to_contain_text("fits best")
    tab_to(page, id="answer-medicines")
    page.keyboard.type("clomid since june")
    tab_to(page, name="level")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#texts details").first).to_contain_text("detail:")
    tab_to(page, name="read")
    page.keyboard.press("Space")
    tab_to(page, id="caller")
    page.keyboard.type("Ann Hall")
    tab_to(page, formAction=page.url + "/ticket")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/desk/tickets/"))
    said = page.locator(".conversation .said")
    expect(said.nth(0)).to_contain_text("Caller: Ann Hall")
    expect(said.nth(1)).to_have_text("will clomid mess with my eyes")
    expect(said.nth(3)).to_have_text("clomid since june")
    expect(page.locator(".conversation .provenance")).to_contain_text("detail")


def test_what_was_answered_and_read_out_outlives_more_typing(page: Page) -> None:
    said = page.get_by_label("What the caller says")
    said.fill(CHEST)
    page.locator("#alarms").get_by_label("I have read this out").check()
    page.get_by_label("Where are they right now").fill("12 Mill Lane")
    said.fill("no, wants an appointment only")
    expect(page.locator("#alarms .alarm")).to_have_count(0)
    expect(page.locator("#kept")).to_contain_text("Chest pain")
    expect(page.get_by_label("Where are they right now")).to_have_value("12 Mill Lane")
    said.fill(CHEST)
    expect(page.locator("#alarms").get_by_label("I have read this out")).to_be_checked()
    expect(page.locator("#kept li")).to_have_count(0)


def test_typing_an_answer_keeps_the_focus_while_the_parts_are_drawn_anew(page: Page) -> None:
    page.get_by_label("What the caller says").fill("asks about results")
    box = page.get_by_label("Since when has this been going on")
    box.press_sequentially("crushing chest pain since noon", delay=40)
    expect(page.locator("#alarms .alarm")).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_value("crushing chest pain since noon")


def test_without_a_script_the_button_does_it(browser: Browser, url: str) -> None:
    for page in visit(browser, url, script=False):
        page.get_by_label("What the caller says").fill(CHEST)
        page.get_by_role("button", name="Check").click()
        expect(page.locator("#alarms")).to_contain_text("Red flag: Emergency")
        expect(page.get_by_label("What the caller says")).to_have_value(CHEST)


def test_a_script_that_a_caller_dictates_runs_nowhere(page: Page) -> None:
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    bad = "<img src=x onerror=alert(1)><script>alert(2)</script> crushing chest pain"
    page.get_by_label("What the caller says").fill(bad)
    expect(page.locator("#alarms .alarm")).to_be_visible()
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Make a ticket").click()
    expect(page.locator(".conversation .said").nth(1)).to_have_text(bad)
    assert page.locator(".conversation img, .conversation script").count() == 0
    assert ran == []


def test_when_the_check_fails_the_page_says_so_and_recovers(page: Page) -> None:
    page.route("**/desk/phone/live", lambda route: route.abort())
    said = page.get_by_label("What the caller says")
    said.fill("hello")
    expect(page.get_by_text("Checking while you type does not work just now")).to_be_visible()
    page.unroute("**/desk/phone/live")
    said.fill(CHEST)
    expect(page.locator("#alarms .alarm")).to_be_visible()
    expect(page.get_by_text("Checking while you type does not work just now")).to_be_hidden()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_is_cut_off(browser: Browser, url: str, width: int, dark: bool) -> None:
    for page in visit(browser, url, width=width, dark=dark):
        assert violations(page) == []
        page.get_by_label("What the caller says").fill(f"no stroke. {CHEST}, how much clomid should he take")
        expect(page.locator("#texts details").first).to_be_visible()
        expect(page.locator("#alarms .alarm")).to_be_visible()
        look(page)
        page.get_by_label("Urgency").select_option("routine")
        page.get_by_role("button", name="Make a ticket").click()
        expect(page.get_by_text("Say why it is less urgent")).to_be_visible()
        look(page)
        page.get_by_label("Why, if it is lower").fill("tried out")
        page.get_by_role("button", name="Make a ticket").click()
        expect(page).to_have_url(re.compile("/desk/tickets/"))
        page.goto(f"{url}/desk/figures?days=30")
        look(page)
        page.goto(f"{url}/desk/search")
        look(page)
        page.get_by_label("Words, all of which occur").fill("chest")
        page.get_by_role("button", name="Search", exact=True).click()
        expect(page.locator(".found li").first).to_be_visible()
        look(page)


def look(page: Page) -> None:
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
