"""One message of each kind and block, drawn by the widget itself without a server; and axe on each."""

# ruff: noqa: F811 - fixtures are named as those of the module that they come from

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from bot.content.blocks import Block
from bot.conversation.message import Kind, Message, Role
from bot.gateway.site import TYPES, WIDGET
from tests.browser.looking import violations
from tests.browser.test_page import WIDTHS, browser, picture  # noqa: F401 - a fixture, too

DRAWN = {path.stem: path for path in sorted((WIDGET / "fixtures").glob("*.json"))}
HERE = "http://fixtures.example"
NUMBERS = {"emergency": "911", "crisis_line": {"name": "Example line", "number": "988"}, "poison_line": None}
SAVED = json.dumps({"id": "example", "token": "example", "cursor": "0"})
PAGE = """<!doctype html><html lang="en"><head><title>Fixture</title><link rel="icon" href="data:,">
<script type="module" src="/widget/axis-chat.js"></script></head>
<body><main><h1>Fixture</h1></main><axis-chat></axis-chat></body></html>"""


def answered(route: Route, message: dict[str, Any]) -> None:
    """Answer as Axis would whose conversation holds this one message."""
    path = route.request.url.removeprefix(HERE)
    if path == "/":
        route.fulfill(body=PAGE, content_type="text/html")
    elif path.startswith("/widget/"):
        file = WIDGET / Path(path).name
        route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
    elif path.endswith("/clinic"):
        route.fulfill(json={"emergency_numbers": NUMBERS})
    elif path.endswith("/events"):
        route.fulfill(body="", content_type="text/event-stream")
    else:
        route.fulfill(json={"messages": [message], "cursor": "1", "state": "bot"})


def drawn(browser: Browser, name: str, width: str, *, dark: bool = False, forced: bool = False) -> Page:
    message = json.loads(DRAWN[name].read_text())
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    context = browser.new_context(
        viewport=size, color_scheme="dark" if dark else "light", forced_colors="active" if forced else "none"
    )
    page = context.new_page()
    page.route("**/*", lambda route: answered(route, message))
    page.add_init_script(f"sessionStorage.setItem('axis-chat', {json.dumps(SAVED)})")
    page.goto(HERE)
    expect(page.locator(".message")).to_have_count(1)
    page.get_by_role("button", name="Ask a question").click()
    expect(page.get_by_label("Your question")).to_be_focused()
    return page


def test_every_kind_speaker_and_block_has_a_fixture_that_keeps_to_the_contract() -> None:
    messages = [Message.model_validate_json(path.read_text()) for path in DRAWN.values()]
    assert {message.kind for message in messages} == {*Kind, None}
    assert {message.role for message in messages} == set(Role)
    types = {get_args(one.__annotations__["type"])[0] for one in get_args(Block)}
    assert {block.type for message in messages for block in message.blocks} == types
    assert any(message.terms for message in messages)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", DRAWN)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(browser: Browser, name: str, width: str) -> None:
    for dark in (False, True):
        page = drawn(browser, name, width, dark=dark)
        for summary in page.locator(".message summary").all():
            summary.click()
        picture(page, f"fixture-{name}-{width}-{'dark' if dark else 'light'}")
        assert violations(page) == []
        assert page.locator(".log").evaluate("log => log.scrollWidth - log.clientWidth") <= 0
        small = "all => all.filter(one => one.offsetHeight && one.offsetHeight < 44).map(one => one.textContent)"
        assert page.locator("axis-chat :is(button, .message summary)").evaluate_all(small) == []
        page.context.close()


def test_a_drawing_and_the_button_can_be_read_in_forced_colours(browser: Browser) -> None:
    page = drawn(browser, "figure", "phone", forced=True)
    picture(page, "fixture-figure-phone-forced")
    plain = "one => getComputedStyle(one).forcedColorAdjust"
    assert page.get_by_role("button", name="Send").evaluate(plain) == "none"
    seen = "one => getComputedStyle(one).fill"
    name, box = page.locator(".axis-figure .name").evaluate(seen), page.locator(".axis-figure .node").evaluate(seen)
    page.set_content('<p style="color: CanvasText; background: Canvas">x</p>')
    colours = "one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
    assert [name, box] == page.locator("p").evaluate(colours)
    page.context.close()


def test_right_to_left_words_begin_at_the_right(browser: Browser) -> None:
    page = drawn(browser, "right-to-left", "phone")
    start = page.locator(".message p").first.evaluate(
        "one => { const range = document.createRange(); range.selectNodeContents(one);"
        " return one.getBoundingClientRect().right - range.getBoundingClientRect().right; }"
    )
    assert start <= 1
    page.context.close()
