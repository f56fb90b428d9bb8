"""What axe finds on a page."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page) -> list[Any]:
    """Axe's rules that the page breaks, each with the elements; its words may stand there before its colors do."""
    page.wait_for_load_state()
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in Axe().run(page).response["violations"]]
