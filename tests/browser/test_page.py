"""A patient's way in a real browser, by keyboard, on a whole running Axis; and axe on what they see."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from evaluation.running import Running
from tests.browser.looking import violations

pytestmark = pytest.mark.served

WIDTHS = {"phone": (360, 740), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


def visit(
    browser: Browser, axis: Running, *, width: str = "desktop", dark: bool = False, looked_at: bool = False
) -> Iterator[Page]:
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(axis.url)
    yield page
    context.close()
    # axe and Playwright's screenshots put a style of their own into the page, which the policy then refuses.
    assert [text for text in problems if not (looked_at and text.startswith("Applying inline style"))] == []


@pytest.fixture
def page(browser: Browser, axis: Running) -> Iterator[Page]:
    yield from visit(browser, axis)


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("AXIS_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


def start(page: Page) -> None:
    page.get_by_role("button", name="Ask a question").first.click()
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_label("Your question")).to_be_focused()


def ask(page: Page, text: str) -> None:
    answers = page.locator(".message.assistant")
    before = answers.count()
    page.get_by_label("Your question").fill(text)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(before + 1)


def test_by_keyboard_ask_choose_get_a_table_reload_and_erase(page: Page) -> None:
    launcher = page.locator("axis-chat").get_by_role("button", name="Ask a question")
    launcher.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_text("It is a computer program and not a medical device", exact=False)).to_be_visible()
    page.get_by_role("button", name="I agree").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("trt vs clomid")
    page.keyboard.press("Enter")
    answer = page.locator(".message.assistant").nth(1)
    expect(answer.get_by_role("table")).to_be_visible()
    expect(answer.locator(".closing")).to_contain_text("clinician")
    expect(answer.locator(".provenance")).to_contain_text("Not yet reviewed by this clinic")
    answer.get_by_role("button", name="More detail").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".message.assistant")).to_have_count(3)
    expect(page.locator(".message.patient")).to_have_count(2)
    said = page.locator(".message").all_text_contents()
    page.reload()
    page.locator("axis-chat").get_by_role("button", name="Ask a question").click()
    expect(page.locator(".message")).to_have_count(len(said))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("axis-chat").get_by_role("button", name="Ask a question")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("button", name="Erase everything").click()
    page.get_by_role("button", name="Yes, erase it").click()
    expect(page.get_by_text("Everything was erased. Receipt:", exact=False)).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_example_question_is_answered_with_vetted_text(page: Page) -> None:
    start(page)
    ask(page, "will clomid mess with my eyes")
    answer = page.locator(".message.assistant").last
    expect(answer).to_contain_text("clomiphene can affect your eyes")
    answer.get_by_text("Sources").first.click()
    expect(answer).to_contain_text("DailyMed")


def test_an_emergency_is_a_card_with_numbers_to_call(page: Page) -> None:
    start(page)
    ask(page, "i have crushing chest pain right now")
    card = page.locator(".message.urgent")
    expect(card).to_have_attribute("role", "alert")
    expect(card.get_by_role("link", name="911").first).to_have_attribute("href", "tel:911")
    expect(page.locator(".state")).to_contain_text("team has been told")


def test_what_a_patient_types_is_only_text(page: Page) -> None:
    start(page)
    ask(page, "<img src=x onerror=alert(1)><script>alert(2)</script>")
    expect(page.locator(".message.patient").last).to_contain_text("<script>alert(2)</script>")
    assert page.locator(".message img, .message script").count() == 0


def test_the_transcript_can_be_taken_along(page: Page) -> None:
    start(page)
    ask(page, "hello")
    page.get_by_text("Menu", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download transcript").click()
    assert "You:\nhello" in Path(str(download.value.path())).read_text()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_is_cut_off(browser: Browser, axis: Running, width: str, dark: bool) -> None:
    for page in visit(browser, axis, width=width, dark=dark, looked_at=True):
        name = f"{width}-{'dark' if dark else 'light'}"
        expect(page.get_by_text("8:00 am to 5:00 pm")).to_be_visible()
        picture(page, f"{name}-1-page")
        assert violations(page) == []
        page.get_by_role("button", name="Ask a question").first.click()
        expect(page.get_by_role("button", name="I agree")).to_be_visible()
        picture(page, f"{name}-2-consent")
        assert violations(page) == []
        page.get_by_role("button", name="I agree").click()
        expect(page.get_by_label("Your question")).to_be_focused()
        for number, text in enumerate(
            ("trt vs clomid", "how much clomid should i take", "i have crushing chest pain right now"), 3
        ):
            ask(page, text)
            picture(page, f"{name}-{number}")
            assert violations(page) == []
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0
