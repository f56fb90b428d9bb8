"""One's own account: sessions, password; and how long a session lives."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.database import Database
from bot.desk import account, passwords, sessions, store
from bot.desk.store import FAILURES_BEFORE_LOCK
from tests.desk.conftest import PASSWORD, Browser, Open, audit, form

NEW = "four purple garden chairs"
PAGE = "/desk/account/password"


def change(mine: Browser, present: str = PASSWORD, new: str = NEW, again: str | None = None) -> int:
    fields = {"present": present, "new": new, "again": new if again is None else again}
    return mine.submit(PAGE, PAGE, **fields).status_code


def public_id(mine: Browser) -> str:
    """Of the one session that the page calls this one."""
    row = mine.get("/desk/account").text.split("(this one)")[1]
    return row.split('action="/desk/account/sessions/')[1].split("/end")[0]


def test_the_page_lists_sessions_by_browser_and_time(browser: Open, stranger: Browser) -> None:
    mine = browser("author")
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
    stranger.client.headers["User-Agent"] = agent
    stranger.sign_in("author")
    page = mine.get("/desk/account").text
    assert "Firefox on Windows</th>" in page.replace("\n", "")
    assert page.count("(this one)") == 1
    assert f"{datetime.now(UTC):%d %b %Y}" in page


def test_one_session_can_be_signed_out(browser: Open, database: Database) -> None:
    mine, lost = browser("author"), browser("author")
    action = f"/desk/account/sessions/{public_id(lost)}/end"
    assert mine.submit("/desk/account", action).status_code == 303
    assert lost.get("/desk/review").status_code == 303
    assert mine.get("/desk/review").status_code == 200
    assert (
        mine.client.post(
            action, data={"csrf": form(mine.get("/desk/account").text, "/desk/logout")["csrf"]}
        ).status_code
        == 404
    )
    assert ("author", "staff.session_ended", "author") in audit(database)


def test_nobody_ends_the_session_of_somebody_else(browser: Open) -> None:
    mine, other = browser("author"), browser("admin")
    token = form(mine.get("/desk/account").text, "/desk/logout")["csrf"]
    assert mine.client.post(f"/desk/account/sessions/{public_id(other)}/end", data={"csrf": token}).status_code == 404
    assert other.get("/desk").status_code == 200


def test_signing_out_everywhere_ends_this_one_too(browser: Open, database: Database) -> None:
    mine, other, colleague = browser("author"), browser("author"), browser("admin")
    assert mine.submit("/desk/account", "/desk/account/sessions/end").headers["location"] == "/desk/login"
    assert [one.get("/desk/review").status_code for one in (mine, other, colleague)] == [303, 303, 200]
    assert ("author", "staff.signed_out_everywhere", "author") in audit(database)


def test_a_new_password_signs_out_the_other_sessions_and_renews_this_one(browser: Open, database: Database) -> None:
    mine, other = browser("author"), browser("author")
    before = mine.client.cookies["axis_staff"]
    assert change(mine) == 303
    assert [mine.get("/desk/review").status_code, other.get("/desk/review").status_code] == [200, 303]
    assert mine.client.cookies["axis_staff"] != before
    other.client.cookies.clear()
    other.client.cookies.set("axis_staff", before, path="/desk")
    assert other.get("/desk/review").status_code == 303
    other.client.cookies.clear()
    assert other.sign_in("author").status_code == 401
    assert other.sign_in("author", NEW).status_code == 303
    assert ("author", "staff.password_changed", "author") in audit(database)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"new": "short", "again": "short"}, "at least 12 characters"),
        ({"new": "my author password", "again": "my author password"}, "must not hold your name"),
        ({"new": "A-U-T-H-O-R and more", "again": "A-U-T-H-O-R and more"}, "must not hold your name"),
        ({"new": NEW, "again": NEW + "x"}, account.NOT_THE_SAME),
        ({"new": PASSWORD, "again": PASSWORD}, account.NOT_NEW),
        ({"new": "aaaaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaaaa"}, "too few characters"),
        ({"present": "wrong", "new": NEW, "again": NEW}, account.WRONG),
    ],
)
def test_a_password_that_does_not_fit_changes_nothing(browser: Open, fields: dict[str, str], said: str) -> None:
    mine, other = browser("author"), browser("author")
    answer = mine.submit(PAGE, PAGE, **{"present": PASSWORD, **fields})
    assert (answer.status_code, str(said) in answer.text) == (422, True)
    assert 'aria-invalid="true"' in answer.text
    assert not [typed for typed in fields.values() if f'"{typed}"' in answer.text]
    assert other.get("/desk/review").status_code == 200
    other.client.cookies.clear()
    assert other.sign_in("author").status_code == 303


@pytest.mark.parametrize(
    ("password", "name", "fits"),
    [
        ("correct horse battery", "Ann", True), ("Ann is my name!", "Ann", False),
        ("seyah-eirram 1999", "Marrie Hayes", False),
        ("hayes and the rest", "Marrie Hayes", False), ("Bo in the garden house", "Bo", True),
        ("x" * 1001, "Ann", False),
        ("пароль длинный", "Ann", True), ("ÅSTRÖM-something", "åström", False),
    ],
)  # fmt: skip
def test_which_passwords_fit(password: str, name: str, fits: bool) -> None:
    assert (passwords.fault(password, name=name) is None) == fits


def test_one_time_passwords_differ_and_fit() -> None:
    made = {passwords.one_time() for _ in range(50)}
    assert len(made) == 50
    assert not [one for one in made if passwords.fault(one, name="Annabelle Example")]


def test_the_present_password_cannot_be_guessed_from_an_open_session(browser: Open, database: Database) -> None:
    """A session that somebody left open must not become the password."""
    mine = browser("author")
    assert [change(mine, present=f"guess {number}") for number in range(FAILURES_BEFORE_LOCK - 1)] == [422] * 4
    answer = mine.submit(PAGE, PAGE, present="guess", new=NEW, again=NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    assert ("author", "staff.locked", "author") in audit(database)


def aged(database: Database, **by: timedelta) -> None:
    with database.writing() as session:
        for row in session.query(store.StaffSessionRow):
            for name, one in by.items():
                setattr(row, name, getattr(row, name) - one)


def test_a_session_ends_when_nobody_was_there_for_an_hour(browser: Open, database: Database) -> None:
    mine = browser("author")
    aged(database, seen_at=timedelta(minutes=59))
    assert mine.get("/desk/review").status_code == 200
    aged(database, seen_at=timedelta(minutes=59))
    assert mine.get("/desk/review").status_code == 200
    aged(database, seen_at=timedelta(minutes=60))
    assert mine.get("/desk/review").status_code == 303


def test_a_page_that_loads_itself_anew_does_not_keep_a_session_alive(browser: Open, database: Database) -> None:
    mine = browser("front_desk")
    aged(database, seen_at=timedelta(minutes=40))
    by_itself = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
    assert mine.client.get("/desk", headers=by_itself).status_code == 200
    aged(database, seen_at=timedelta(minutes=30))
    assert mine.client.get("/desk", headers=by_itself).status_code == 303


def test_a_session_ends_after_ten_hours_however_busy(browser: Open, database: Database) -> None:
    mine = browser("author")
    aged(database, expires_at=timedelta(hours=9, minutes=59))
    assert mine.get("/desk/review").status_code == 200
    aged(database, expires_at=timedelta(minutes=1))
    assert mine.get("/desk/review").status_code == 303


def test_what_has_expired_is_deleted(browser: Open, database: Database) -> None:
    browser("author")
    aged(database, expires_at=timedelta(hours=11))
    browser("admin")
    with database.writing() as session:
        assert session.query(store.StaffSessionRow).count() == 1
    aged(database, seen_at=timedelta(hours=2))
    with database.writing() as session:
        sessions.clean(session, now=datetime.now(UTC), idle=timedelta(hours=1))
        assert session.query(store.StaffSessionRow).count() == 0
        assert session.query(store.AttemptRow).count() == 0


def test_no_password_code_or_token_is_logged(browser: Open, capfd: pytest.CaptureFixture[str]) -> None:
    mine = browser("author")
    change(mine, present="canary-present", new="canary-and-more-words")
    change(mine, new="canary-and-more-words")
    mine.submit("/desk/account/second", "/desk/account/second/begin", present="canary-and-more-words")
    token = form(mine.get("/desk/account").text, "/desk/logout")["csrf"]
    mine.client.post("/desk/account/second/confirm", data={"csrf": token, "code": "canary"})
    mine.sign_in("canary-name", "canary-password")
    out = "".join(capfd.readouterr())
    assert "canary" not in out
    assert mine.client.cookies["axis_staff"] not in out
