"""The chat on a clinic's website of another origin, in a real browser: if it is named, and if it is not."""

# ruff: noqa: F811 - fixtures are named as those of the module that they come from

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from evaluation.running import Running, axis_running, free_port
from tests.browser.test_page import ask, browser, start  # noqa: F401 - a fixture, too
from tests.desk.serving import serving

pytestmark = pytest.mark.served

ASKED = "authorization,content-type"


@pytest.fixture(scope="module")
def website() -> str:
    """The origin of the clinic's website."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory, website: str) -> Iterator[Running]:
    with axis_running(tmp_path_factory.mktemp("embedded"), AXIS_ALLOWED_ORIGINS=website) as running:
        yield running


def site(axis: str) -> Starlette:
    """A website of one page that embeds the chat as docs/how-to/embed.md says."""
    policy = f"default-src 'none'; script-src {axis}; style-src {axis}; connect-src {axis}; img-src data:"
    body = (
        f'<!doctype html><html lang="en"><head><title>Clinic</title><link rel="icon" href="data:,">'
        f'<script type="module" src="{axis}/widget/axis-chat.js"></script></head>'
        f'<body><h1>Clinic</h1><axis-chat api="{axis}/api/v1"></axis-chat></body></html>'
    )

    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse(body, headers={"Content-Security-Policy": policy})

    return Starlette(routes=[Route("/", page)])


def visited(browser: Browser, url: str) -> tuple[Page, list[str]]:
    page, problems = browser.new_page(), []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(url)
    return page, problems


def test_a_named_website_holds_a_conversation(browser: Browser, embedded: Running, website: str) -> None:
    with serving(site(embedded.url), port=int(website.rpartition(":")[2])) as url:
        page, problems = visited(browser, url)
        start(page)
        ask(page, "will clomid mess with my eyes")
        expect(page.locator(".message.assistant").last).to_contain_text("clomiphene can affect your eyes")
        assert page.locator(".panel").evaluate("one => getComputedStyle(one).position") == "fixed"
        page.get_by_role("button", name="Yes", exact=True).click()
        expect(page.get_by_text("Thank you.", exact=True)).to_be_visible()
        page.get_by_text("Menu", exact=True).click()
        page.get_by_role("button", name="Erase everything").click()
        page.get_by_role("button", name="Yes, erase it").click()
        expect(page.get_by_text("Everything was erased. Receipt:", exact=False)).to_be_visible()
        assert problems == []
        page.close()


def test_a_website_that_is_not_named_is_refused(browser: Browser, embedded: Running) -> None:
    with serving(site(embedded.url)) as url:
        page, problems = visited(browser, url)
        expect(page.get_by_role("button")).to_have_count(0)
        assert any("blocked by CORS policy" in text for text in problems)
        call = "url => fetch(url).then(() => 'read', () => 'refused')"
        assert page.evaluate(call, f"{embedded.url}/api/v1/clinic") == "refused"
        page.close()


def preflight(url: str, path: str, origin: str, *, method: str = "PUT", headers: str = ASKED) -> httpx2.Response:
    asked = {
        "Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers,
    }  # fmt: skip
    return httpx2.request("OPTIONS", url + path, headers=asked)


def test_preflights_are_answered_for_the_named_alone_and_never_for_staff(embedded: Running, website: str) -> None:
    path = "/api/v1/conversations/x/messages"
    for method, headers in (("PUT", ASKED), ("DELETE", "authorization"), ("GET", "authorization,last-event-id")):
        answer = preflight(embedded.url, path, website, method=method, headers=headers)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, website)
        assert "access-control-allow-credentials" not in answer.headers
    assert preflight(embedded.url, path, website, headers="x-other").status_code == 400
    for other in ("https://other.example", "null", website + ".other.example"):
        refused = preflight(embedded.url, path, other)
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
    assert "access-control-allow-origin" not in preflight(embedded.url, "/desk/login", website).headers
    script = httpx2.get(embedded.url + "/widget/axis-chat.js", headers={"Origin": website}).headers
    assert script["access-control-allow-origin"] == website
    assert script["cross-origin-resource-policy"] == "cross-origin"


def test_by_default_only_axis_itself_may_embed_the_chat(axis: Running) -> None:
    for path in ("/widget/axis-chat.js", "/api/v1/clinic"):
        answer = httpx2.get(axis.url + path, headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in answer.headers
    script = httpx2.get(axis.url + "/widget/axis-chat.css").headers
    assert script["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in preflight(axis.url, "/api/v1/clinic", axis.url).headers
