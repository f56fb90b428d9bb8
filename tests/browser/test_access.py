"""Signing in, one's account, staff and the audit in a real browser, by keyboard; and axe on each page."""

# ruff: noqa: F811 - fixtures are named as those of the module that they come from

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from playwright.sync_api import Browser, Page, expect

from bot.database import Database
from bot.desk import store
from bot.roles import Role
from bot.settings import Settings
from tests.browser.looking import violations
from tests.browser.test_page import WIDTHS, browser, picture  # noqa: F401 - a fixture, too
from tests.desk.conftest import PASSWORD, desk_app
from tests.desk.serving import serving

NEW = "four purple garden chairs"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(store, "_hasher", PasswordHasher.from_parameters(CHEAPEST))
    database = Database(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    database.migrate()
    with database.writing() as session:
        for role in Role:
            store.add_staff(session, name=role, role=role, password=PASSWORD)
    provider = {
        "oidc_issuer": "http://127.0.0.1:1", "oidc_client_id": "a", "oidc_client_secret": "b", "public_url": "http://x",
    }  # fmt: skip
    with serving(desk_app(database, Settings(var_dir=tmp_path, **provider))) as address:
        yield address
    database.close()


def opened(browser: Browser, width: str, *, dark: bool, script: bool) -> Page:
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    scheme: Any = "dark" if dark else "light"
    return browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script).new_page()


def sign_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(f"{url}/desk/login")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    enter(page)


def enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def press(page: Page, name: str, role: Any = "button") -> None:
    page.get_by_role(role, name=name, exact=True).first.focus()
    enter(page)


def test_without_scripts_and_by_keyboard_from_a_one_time_password_to_a_second_factor(
    browser: Browser,
    url: str,
) -> None:
    admin = opened(browser, "desktop", dark=False, script=False)
    sign_in(admin, url, "admin", PASSWORD)
    admin.goto(f"{url}/desk/staff")
    admin.get_by_label("Name", exact=True).fill("Dr Bea")
    admin.get_by_label("Role").select_option("clinician")
    press(admin, "Add")
    password = admin.locator(".secret").inner_text()
    bea = opened(browser, "phone", dark=False, script=False)
    sign_in(bea, url, "Dr Bea", password)
    expect(bea.get_by_role("heading", name="New password")).to_be_visible()
    bea.get_by_label("Present password").fill(password)
    bea.get_by_label("New password", exact=True).fill(NEW)
    bea.get_by_label("New password once more").fill(NEW)
    enter(bea)
    expect(bea.get_by_text("It is changed.")).to_be_visible()
    press(bea, "Set it up", "link")
    bea.get_by_label("Present password").fill(NEW)
    enter(bea)
    secret = bea.locator(".secret").inner_text().replace(" ", "")
    assert bea.locator(".qr").bounding_box()["width"] > 150  # type: ignore[index]
    bea.get_by_label("Code of the app").fill(pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=-1))
    enter(bea)
    expect(bea.locator(".codes li")).to_have_count(10)
    press(bea, "I have kept them", "link")
    press(bea, "Sign out everywhere")
    sign_in(bea, url, "Dr Bea", NEW)
    bea.get_by_label("Code of your authenticator app").fill(pyotp.TOTP(secret).now())
    enter(bea)
    expect(bea.get_by_role("heading", name="Queue")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_is_cut_off(browser: Browser, url: str, width: str, dark: bool) -> None:
    page = opened(browser, width, dark=dark, script=True)

    def looked_at(name: str) -> None:
        picture(page, f"access-{width}-{'dark' if dark else 'light'}-{name}")
        assert violations(page) == [], name
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, name

    page.goto(f"{url}/desk/audit")
    looked_at("login")
    sign_in(page, url, "admin", "wrong")
    looked_at("login-wrong")
    sign_in(page, url, "admin", PASSWORD)
    for path in ("account", "account/password", "account/second", "staff", "audit", "audit?since=nonsense"):
        page.goto(f"{url}/desk/{path}")
        looked_at(re.sub(r"\W", "-", path))
    page.goto(f"{url}/desk/staff")
    press(page, "clinician", "link")
    looked_at("person")
    press(page, "Reset the password")
    looked_at("one-time")
    page.goto(f"{url}/desk/staff")
    page.get_by_label("Name", exact=True).fill("ADMIN")
    press(page, "Add")
    looked_at("staff-wrong")
    page.goto(f"{url}/desk/account/password")
    for label in ("Present password", "New password", "New password once more"):
        page.get_by_label(label, exact=True).fill("admin admin admin")
    press(page, "Change the password")
    looked_at("password-wrong")
    page.goto(f"{url}/desk/account/second")
    page.get_by_label("Present password").fill(PASSWORD)
    press(page, "Set it up")
    looked_at("second-begun")
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Code of the app").fill("1")
    press(page, "Confirm")
    looked_at("second-wrong")
    page.get_by_label("Code of the app").fill(pyotp.TOTP(secret).now())
    press(page, "Confirm")
    looked_at("recovery")
    page.goto(f"{url}/desk/account")
    page.context.clear_cookies()
    sign_in(page, url, "admin", PASSWORD)
    looked_at("code")
