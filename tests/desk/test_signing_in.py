"""Nobody sees a staff page without a session, and no form works that was not made for that session."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bot.app import create
from bot.database import Database
from bot.desk import auth, signing_in, store
from bot.desk.screen import HEADERS
from bot.desk.store import FAILURES_BEFORE_LOCK, LOCKED_FOR
from bot.settings import Settings
from bot.triage.store import Ticket
from tests.desk.conftest import HERE, PASSWORD, Browser, Open, audit, desk_app, form
from tests.when import NOW


def test_name_and_password_open_the_queue(stranger: Browser) -> None:
    answer = stranger.sign_in("front_desk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert stranger.get("/desk").status_code == 200
    assert stranger.get("/desk/login").headers["location"] == "/desk"


def test_an_author_begins_with_the_texts(stranger: Browser) -> None:
    assert stranger.sign_in("author").headers["location"] == "/desk/review"


@pytest.mark.parametrize(
    ("name", "password"), [("front_desk", "wrong"), ("nobody", PASSWORD), ("", ""), ("a\u00e9", "\u00e9")]
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(stranger: Browser, name: str, password: str) -> None:
    answer = stranger.sign_in(name, password)
    assert answer.status_code == 401
    assert str(signing_in.WRONG) in answer.text
    assert "set-cookie" not in answer.headers


def test_an_account_locks_after_five_failures_and_opens_again(stranger: Browser, database: Database) -> None:
    for _ in range(FAILURES_BEFORE_LOCK):
        stranger.sign_in("front_desk", "wrong")
    answer = stranger.sign_in("front_desk")
    assert answer.status_code == 401
    assert str(signing_in.WRONG) in answer.text
    assert stranger.sign_in("clinician").status_code == 303
    with database.writing() as session:
        row = store.StaffRow
        session.query(row).filter(row.name == "front_desk").update({"locked_until": NOW - LOCKED_FOR})
    assert stranger.sign_in("front_desk").status_code == 303


def test_the_cookie_is_for_this_site_and_no_script(stranger: Browser) -> None:
    parts = stranger.sign_in("front_desk").headers["set-cookie"].lower().split("; ")
    assert parts[0].startswith("axis_staff=")
    assert {"httponly", "samesite=strict", "path=/desk", "max-age=36000"} <= set(parts)
    assert "secure" not in parts


def test_behind_https_the_cookie_is_secure(database: Database, tmp_path: Path) -> None:
    """`__Host-`: neither another host below the same domain nor plain HTTP can set it."""
    app = desk_app(database, Settings(var_dir=tmp_path, secure_cookies=True))
    client = TestClient(app, base_url="https://testserver", follow_redirects=False)
    mine = Browser(client)
    answer = mine.sign_in("front_desk", headers={"Origin": "https://testserver"})
    parts = answer.headers["set-cookie"].split("; ")
    assert parts[0].startswith("__Host-axis_staff=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(parts)
    assert not [part for part in parts if part.lower().startswith("domain")]
    assert mine.get("/desk").status_code == 200
    client.cookies.set("axis_staff", client.cookies["__Host-axis_staff"], path="/desk")
    del client.cookies["__Host-axis_staff"]
    assert mine.get("/desk").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://testserver:81"},
        {"Sec-Fetch-Site": "cross-site", **HERE},
        {"Sec-Fetch-Site": "same-site", **HERE},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_another_sites_page_cannot_sign_anybody_in(stranger: Browser, headers: dict[str, str]) -> None:
    answer = stranger.sign_in("front_desk", headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_browser_that_says_same_origin_may_sign_in(stranger: Browser) -> None:
    assert stranger.sign_in("front_desk", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_signing_out_ends_the_session(browser: Open, database: Database) -> None:
    mine = browser("front_desk")
    token = mine.client.cookies["axis_staff"]
    answer = mine.submit("/desk", "/desk/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    mine.client.cookies.set("axis_staff", token, path="/desk")
    assert mine.get("/desk").status_code == 303
    assert audit(database) == [
        ("front_desk", "staff.signed_in", "front_desk"),
        ("front_desk", "staff.signed_out", "front_desk"),
    ]


def test_signing_in_anew_ends_the_old_session(browser: Open) -> None:
    mine = browser("front_desk")
    old = mine.client.cookies["axis_staff"]
    mine.sign_in("clinician")
    mine.client.cookies.clear()
    mine.client.cookies.set("axis_staff", old, path="/desk")
    assert mine.get("/desk").status_code == 303


def test_a_session_ends_after_a_working_day(browser: Open, database: Database) -> None:
    mine = browser("front_desk")
    with database.writing() as session:
        session.query(store.StaffSessionRow).update({"expires_at": NOW - timedelta(days=1)})
    assert mine.get("/desk").status_code == 303


def test_only_the_hash_of_a_session_and_of_a_password_is_stored(browser: Open, tmp_path: Path) -> None:
    token = browser("front_desk").client.cookies["axis_staff"]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite*"))
    assert b"front_desk" in stored
    assert token.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_a_password_is_never_logged(stranger: Browser, capfd: pytest.CaptureFixture[str]) -> None:
    stranger.sign_in("front_desk", "canary-phrase")
    stranger.sign_in("front_desk")
    out = "".join(capfd.readouterr())
    assert "canary-phrase" not in out
    assert PASSWORD not in out


def test_a_password_is_not_checked_while_a_writer_holds_the_database(
    stranger: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a flood of guesses would keep patients' messages from being stored."""
    check = store.matches

    def look(stored: str, password: str) -> bool:
        with database.writing() as session:
            store.note(session, actor="patient", action="was let in", subject="", now=NOW)
        return check(stored, password)

    monkeypatch.setattr(store, "matches", look)
    assert stranger.sign_in("front_desk").status_code == 303
    assert audit(database)[0][1] == "was let in"


def test_a_flood_of_guesses_is_turned_away(stranger: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        assert auth._CHECKING.acquire(blocking=False)
    try:
        answer = stranger.sign_in("front_desk")
    finally:
        auth._CHECKING.release(4)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert stranger.sign_in("front_desk").status_code == 303


SEES = {
    "front_desk": {"/desk"},
    "clinician": {"/desk"},
    "author": {"/desk/review"},
    "reviewer": {"/desk/review"},
    "admin": {"/desk", "/desk/review"},
}


@pytest.mark.parametrize("role", SEES)
def test_each_role_sees_its_pages_and_no_others(browser: Open, role: str, ticket: Ticket, revision: int) -> None:
    mine = browser(role)
    below = {"/desk": f"/desk/tickets/{ticket.id}", "/desk/review": f"/desk/review/{revision}"}
    for page, inner in below.items():
        expected = 200 if page in SEES[role] else 403
        assert [mine.get(page).status_code, mine.get(inner).status_code] == [expected, expected]
    start = mine.get(min(SEES[role])).text
    assert {page for page in below if f'<a href="{page}"' in start} >= SEES[role]
    token = form(start, "/desk/logout")["csrf"]
    for page, action, more in (
        ("/desk", below["/desk"] + "/claim", {}),
        ("/desk/review", below["/desk/review"], {"after": "in_review"}),
    ):
        if page not in SEES[role]:
            assert mine.client.post(action, data={"csrf": token, **more}).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/desk/login", 200),
        ("/desk/static/desk.css", 200),
        ("/desk", 200),
        ("/desk/", 200),
        ("/desk/review", 200),
        ("/desk/tickets/" + "0" * 32, 404),
        ("/desk/tickets/nonsense", 422),
        ("/desk/review/99", 404),
        ("/desk/review/99999999999999999999", 422),
        ("/desk?show=nonsense", 422),
        ("/desk/nonsense", 404),
        ("/desk/static/../store.py", 404),
    ],
)
def test_every_answer_keeps_scripts_frames_and_caches_out(browser: Open, path: str, status: int) -> None:
    mine = browser("admin")
    if path == "/desk/login":
        mine.client.cookies.clear()
    answer = mine.get(path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert set(re.findall(r"<script[^>]*>[^<]*", answer.text)) <= {'<script type="module" src="/desk/static/desk.js">'}
    assert "style=" not in answer.text


def test_the_whole_web_process_has_the_staff_pages(database: Database, tmp_path: Path) -> None:
    client = TestClient(create(Settings(var_dir=tmp_path, database_url=str(database.url))), follow_redirects=False)
    mine = Browser(client)
    assert mine.get("/desk").headers["location"] == "/desk/login"
    assert mine.sign_in("admin").headers["location"] == "/desk"
    for page, status in (("/desk", 200), ("/desk/review", 200), ("/desk/nonsense", 404), ("/desk/tickets/x", 422)):
        answer = mine.get(page)
        assert answer.status_code == status
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert answer.headers["content-type"].startswith("text/html")
    assert "/desk" not in str(client.get("/openapi.json").json()["paths"])
