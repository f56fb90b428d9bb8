"""Accounts, as admins look after them."""

import re

import pytest

from bot.database import Database
from bot.desk import accounts, store
from tests.desk.conftest import PASSWORD, SCRIPT, Browser, Open, audit, form

PEOPLE = "/desk/staff"


def page_of(database: Database, name: str) -> str:
    with database.reading() as session:
        return f"{PEOPLE}/{accounts.id_of(session, name)}"


def added(mine: Browser, name: str, role: str = "clinician") -> str:
    """Add somebody; returns the password that is shown."""
    answer = mine.submit(PEOPLE, PEOPLE, name=name, role=role)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return re.findall(r'<code class="secret">([^<]+)</code>', answer.text)[0]


def press(mine: Browser, page: str, change: str, **fields: str) -> int:
    token = form(mine.get(PEOPLE).text, "/desk/logout")["csrf"]
    return mine.client.post(f"{page}/{change}", data={"csrf": token, **fields}).status_code


def test_somebody_new_gets_a_password_that_works_once(browser: Open, stranger: Browser, database: Database) -> None:
    admin = browser("admin")
    password = added(admin, "  Dr Bea ")
    assert password not in admin.get(PEOPLE).text + admin.get(page_of(database, "Dr Bea")).text
    assert "Has not chosen a password" in admin.get(PEOPLE).text
    assert stranger.sign_in("Dr Bea", password).headers["location"] == "/desk/account/password"
    assert stranger.get("/desk").status_code == 303
    assert "Queue</a>" not in stranger.get("/desk/account/password").text
    fields = {"present": password, "new": "four garden chairs", "again": "four garden chairs"}
    assert stranger.submit("/desk/account/password", "/desk/account/password", **fields).status_code == 303
    assert stranger.get("/desk").status_code == 200
    stranger.client.cookies.clear()
    assert stranger.sign_in("Dr Bea", password).status_code == 401
    assert audit(database)[1] == ("admin", "staff.added_clinician", "Dr Bea")


@pytest.mark.parametrize("name", ["", "   ", "Admin", "ADMIN ", "a\u202eb", "line\nbreak"])
def test_a_name_that_cannot_be_is_refused_and_nothing_is_lost(browser: Open, database: Database, name: str) -> None:
    answer = browser("admin").submit(PEOPLE, PEOPLE, name=name, role="reviewer")
    assert answer.status_code == 409
    assert 'aria-invalid="true"' in answer.text
    assert '<option value="reviewer" selected>' in answer.text
    with database.reading() as session:
        assert session.query(store.StaffRow).count() == 5


def test_a_role_that_is_none_is_refused(browser: Open, database: Database) -> None:
    admin = browser("admin")
    assert admin.submit(PEOPLE, PEOPLE, name="Eve", role="king").status_code == 422
    assert press(admin, page_of(database, "author"), "role", role="king") == 422
    assert press(admin, page_of(database, "author"), "nonsense") == 422
    assert press(admin, f"{PEOPLE}/{'0' * 32}", "disable") == 404


def test_a_name_is_shown_as_text(browser: Open, database: Database) -> None:
    admin = browser("admin")
    added(admin, SCRIPT)
    for page in (PEOPLE, page_of(database, SCRIPT), "/desk/audit"):
        assert "<script>" not in admin.get(page).text


def test_disabling_ends_sessions_and_enabling_lets_in_again(
    browser: Open, stranger: Browser, database: Database
) -> None:
    admin, other = browser("admin"), browser("author")
    page = page_of(database, "author")
    assert press(admin, page, "disable") == 303
    assert other.get("/desk/review").status_code == 303
    assert stranger.sign_in("author").status_code == 401
    assert "Disabled since" in admin.get(page).text
    assert press(admin, page, "enable") == 303
    assert stranger.sign_in("author").status_code == 303
    lines = [line for line in audit(database) if line[2] == "author"]
    assert [line[1] for line in lines] == ["staff.signed_in", "staff.disabled", "staff.enabled", "staff.signed_in"]


def test_enabling_opens_a_locked_account(browser: Open, stranger: Browser, database: Database) -> None:
    for _ in range(store.FAILURES_BEFORE_LOCK):
        stranger.sign_in("author", "wrong")
    admin = browser("admin")
    assert "Locked until" in admin.get(page_of(database, "author")).text
    assert press(admin, page_of(database, "author"), "enable") == 303
    assert stranger.sign_in("author").status_code == 303


def test_the_last_admin_stays(browser: Open, database: Database) -> None:
    admin = browser("admin")
    page = page_of(database, "admin")
    assert press(admin, page, "disable") == 409
    assert press(admin, page, "role", role="author") == 409
    assert "the last admin" in admin.submit(page, f"{page}/disable").text
    added(admin, "Second", "admin")
    assert press(admin, page, "role", role="author") == 303
    assert admin.get(PEOPLE).status_code == 403


def test_a_disabled_admin_is_no_admin_left(browser: Open, database: Database) -> None:
    admin = browser("admin")
    added(admin, "Second", "admin")
    assert press(admin, page_of(database, "Second"), "disable") == 303
    assert press(admin, page_of(database, "admin"), "disable") == 409


def test_a_reset_password_is_shown_once_and_the_old_one_is_worth_nothing(
    browser: Open, stranger: Browser, database: Database
) -> None:
    admin, other = browser("admin"), browser("author")
    page = page_of(database, "author")
    answer = admin.submit(page, f"{page}/password")
    password = re.findall(r'<code class="secret">([^<]+)</code>', answer.text)[0]
    assert other.get("/desk/review").status_code == 303
    assert stranger.sign_in("author", PASSWORD).status_code == 401
    assert stranger.sign_in("author", password).headers["location"] == "/desk/account/password"
    assert ("admin", "staff.password_reset", "author") in audit(database)


def test_a_lost_second_factor_is_taken_away(browser: Open, stranger: Browser, database: Database) -> None:
    admin, other = browser("admin"), browser("author")
    with database.writing() as session:
        session.query(store.StaffRow).filter_by(name="author").update({"totp_secret": "JBSWY3DPEHPK3PXP"})
        session.add(store.RecoveryCodeRow(staff_id=accounts.id_of(session, "author"), code_sha256="0" * 64))
    assert other.get("/desk/review").status_code == 303
    assert press(admin, page_of(database, "author"), "reset-second") == 303
    assert stranger.sign_in("author").headers["location"] == "/desk/review"
    with database.reading() as session:
        assert session.query(store.RecoveryCodeRow).count() == 0
    assert ("admin", "staff.second_factor_reset", "author") in audit(database)


def test_no_page_shows_a_hash_or_a_secret(browser: Open, database: Database) -> None:
    with database.writing() as session:
        session.query(store.StaffRow).filter_by(name="author").update({"totp_secret": "JBSWY3DPEHPK3PXP"})
    admin = browser("admin")
    shown = "".join(
        admin.get(page).text for page in (PEOPLE, page_of(database, "author"), "/desk/account", "/desk/audit")
    )
    assert "argon2" not in shown
    assert "JBSWY3DP" not in shown
