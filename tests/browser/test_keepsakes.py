"""What a patient keeps and says of an answer, drawings, words explained, and the question after an emergency:
by keyboard, and axe on each.
"""

# ruff: noqa: F402, F811 - fixtures are named as those of the module that they come from

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from evaluation.running import Running
from tests.browser.test_page import (  # noqa: F401 - fixtures, too
    WIDTHS,
    ask,
    browser,
    page,
    picture,
    start,
    violations,
    visit,
)

pytestmark = pytest.mark.served

EYES, WORKS = "will clomid mess with my eyes", "how does clomid work"
EMERGENCY = "i have crushing chest pain right now"


@pytest.fixture(params=[(width, dark) for width in WIDTHS for dark in (False, True)], ids=str)
def looked_at(request: pytest.FixtureRequest, browser: Browser, axis: Running) -> Iterator[Page]:
    """The page at each width, light and dark."""
    width, dark = request.param
    yield from visit(browser, axis, width=width, dark=dark, looked_at=True)


def press(button: Locator, key: str = "Enter") -> None:
    button.focus()
    button.press(key)


def open_notes(page: Page) -> Locator:
    press(page.get_by_text("Menu", exact=True))
    press(page.get_by_role("button", name="Notes for my visit"))
    sheet = page.locator(".visit")
    expect(sheet.get_by_role("heading", name="My notes for the visit")).to_be_focused()
    return sheet


def test_by_keyboard_an_answer_helped_and_only_the_newest_asks(page: Page) -> None:
    start(page)
    ask(page, EYES)
    asked = page.get_by_role("group", name="Was this helpful?")
    with page.expect_response(re.compile("/helpful$")) as kept:
        press(asked.get_by_role("button", name="Yes"))
    assert (kept.value.status, kept.value.request.post_data_json) == (200, {"helpful": True})
    expect(page.get_by_text("Thank you.", exact=True)).to_be_focused()
    ask(page, WORKS)
    ask(page, "what is clomid")
    expect(asked).to_have_count(1)
    expect(page.locator(".message").last.get_by_role("group", name="Was this helpful?")).to_be_visible()


def test_the_notes_are_opened_read_and_left_by_keyboard(page: Page) -> None:
    start(page)
    ask(page, EYES)
    sheet = open_notes(page)
    assert sheet.evaluate("one => one.querySelector('.page').scrollTop") == 0
    expect(sheet).to_contain_text("Questions for the clinician")
    expect(sheet).to_contain_text("mess with my eyes")
    page.keyboard.press("Tab")
    expect(sheet.get_by_role("button", name="Back to the chat")).to_be_focused()
    open_notes(page)
    expect(page.locator(".visit")).to_have_count(1)
    with page.expect_download() as download:
        press(sheet.get_by_role("button", name="Save as text"))
    assert download.value.suggested_filename == "axis-visit.txt"
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_notes_are_given_to_the_team_once_and_the_chat_comes_back(page: Page) -> None:
    start(page)
    ask(page, EYES)
    sheet = open_notes(page)
    press(sheet.get_by_role("button", name="Give it to the team"))
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(sheet).to_have_count(0)
    expect(page.get_by_text("You have handed your notes", exact=False)).to_have_count(1)
    expect(page.locator(".state")).to_contain_text("team has been told")
    ask(page, WORKS)
    expect(page.get_by_text("You have handed your notes", exact=False)).to_have_count(1)


def test_erasing_from_the_notes_asks_first_and_keeping_comes_back_to_the_chat(page: Page) -> None:
    start(page)
    open_notes(page)
    press(page.get_by_text("Menu", exact=True))
    press(page.get_by_role("button", name="Erase everything"))
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()


def test_a_menu_closes_with_escape_and_is_not_there_before_the_chat(page: Page) -> None:
    page.get_by_role("button", name="Ask a question").first.click()
    menu = page.get_by_text("Menu", exact=True)
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_label("Your question")).to_be_focused()  # the chat takes the focus once, and a menu then closes
    press(menu)
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(menu).to_be_focused()


def test_words_are_explained_and_hidden_again_by_keyboard(page: Page) -> None:
    start(page)
    ask(page, EYES)
    words = page.get_by_text("Words explained", exact=True)
    meaning = page.get_by_text("The official text on a drug", exact=False)
    expect(meaning).to_be_hidden()
    press(words)
    expect(meaning).to_be_visible()
    press(words, "Space")
    expect(meaning).to_be_hidden()
    expect(words).to_be_focused()


def test_a_drawing_has_its_words_and_fits_a_telephone(browser: Browser, axis: Running) -> None:
    for page in visit(browser, axis, width="phone"):
        start(page)
        ask(page, WORKS)
        figure = page.locator("figure")
        expect(figure.locator("svg")).to_have_attribute("role", "img")
        text = figure.locator("p").get_by_text("The hypothalamus sends GnRH", exact=False)
        expect(text).to_be_hidden()
        press(figure.get_by_text("Read it as text"))
        expect(text).to_be_visible()
        assert page.locator(".log").evaluate("log => log.scrollWidth - log.clientWidth") <= 0
        small = figure.locator("text").evaluate_all("all => Math.min(...all.map(one => one.getBBox().height))")
        scale = figure.locator("svg").evaluate("svg => svg.getScreenCTM().a")
        assert small * scale >= 10


def test_after_an_emergency_help_is_asked_about_once_with_its_buttons_under_it(page: Page) -> None:
    start(page)
    ask(page, EMERGENCY)
    card = page.locator(".message.urgent")
    expect(card).to_have_attribute("role", "alert")
    number = card.get_by_role("link", name="911").first
    assert number.evaluate("one => one.getBoundingClientRect().bottom") < page.locator(".foot").evaluate(
        "one => one.getBoundingClientRect().top"
    )
    ask(page, "what is clomid")
    expect(card).to_have_attribute("role", "article")
    reached = page.get_by_role("group", name="have you reached help")
    expect(reached.get_by_role("button")).to_have_text(["Yes, I have help", "Not yet"])
    assert reached.evaluate("one => one.previousElementSibling.className") == "notice emergency"
    press(reached.get_by_role("button", name="Yes, I have help"))
    expect(page.get_by_text("The team can see this conversation", exact=False).last).to_be_visible()
    expect(page.get_by_label("Your question")).to_be_focused()
    ask(page, WORKS)
    expect(reached).to_have_count(1)


def test_the_alarm_of_a_conversation_that_is_reloaded_is_not_raised_again(page: Page) -> None:
    start(page)
    ask(page, EMERGENCY)
    page.reload()
    expect(page.locator(".message.urgent")).to_have_attribute("role", "article")


def test_a_zoomed_window_keeps_the_frame_and_the_notes_whole(browser: Browser, axis: Running) -> None:
    for page in visit(browser, axis, looked_at=True):
        page.set_viewport_size({"width": 640, "height": 400})  # 1280 x 800 at 200 %
        start(page)
        ask(page, EMERGENCY)
        picture(page, "zoomed-emergency")
        expect(page.get_by_role("heading", name="Ask Axis")).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
        assert page.locator(".log").evaluate("log => log.clientHeight") >= 120
        open_notes(page)
        picture(page, "zoomed-notes")
        expect(page.get_by_role("button", name="Give it to the team")).to_be_in_viewport(ratio=1)


def test_axe_finds_nothing_and_nothing_is_cut_off(looked_at: Page) -> None:
    page = looked_at
    name = f"keep-{page.viewport_size['width']}-{page.evaluate('matchMedia(`(prefers-color-scheme: dark)`).matches')}"  # type: ignore[index]

    def look(state: str) -> None:
        picture(page, f"{name}-{state}")
        assert violations(page) == [], state
        assert page.locator(".panel").evaluate("one => one.scrollWidth - one.clientWidth") <= 0, state

    start(page)
    ask(page, EYES)
    press(page.get_by_text("Words explained", exact=True))
    look("terms")
    press(page.get_by_role("button", name="No", exact=True))
    expect(page.get_by_text("Thank you.", exact=True)).to_be_focused()
    look("thanks")
    ask(page, WORKS)
    press(page.get_by_text("Read it as text"))
    look("drawing")
    press(page.get_by_text("Menu", exact=True))
    look("menu")
    page.keyboard.press("Escape")
    open_notes(page)
    look("notes")
    press(page.get_by_role("button", name="Give it to the team"))
    expect(page.locator(".visit")).to_have_count(0)
    look("handed")
    ask(page, EMERGENCY)
    ask(page, "what is clomid")
    look("reached")
