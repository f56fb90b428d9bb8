"""The second factor: set up, asked for, used once, recovered, required."""

import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from fastapi.testclient import TestClient

from bot.database import Database
from bot.desk import second, store
from bot.desk.account import WRONG
from bot.desk.signing_in import WRONG_CODE
from bot.desk.store import FAILURES_BEFORE_LOCK
from bot.settings import Settings
from tests.desk.conftest import PASSWORD, Browser, Open, audit, desk_app, form
from tests.when import NOW

SECOND = "/desk/account/second"


def begin(mine: Browser) -> str:
    """Begin the set-up; returns the secret as it was shown."""
    answer = mine.submit(SECOND, SECOND + "/begin", present=PASSWORD)
    assert answer.status_code == 200
    return re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', answer.text)[0].replace(" ", "")


def code(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=steps)


def set_up(mine: Browser) -> tuple[str, list[str]]:
    """Set the factor up with the code of the step before; the secret and the recovery codes."""
    secret = begin(mine)
    token = form(mine.get(SECOND).text, SECOND + "/begin")["csrf"]
    answer = mine.client.post(SECOND + "/confirm", data={"csrf": token, "code": code(secret, steps=-1)})
    assert answer.status_code == 200
    return secret, re.findall(r"<li><code>([\w-]+)</code>", answer.text)


def give(mine: Browser, typed: str) -> int:
    return mine.submit("/desk/login/code", "/desk/login/code", code=typed).status_code


def half(stranger: Browser) -> Browser:
    """Signed in with the password only."""
    stranger.client.cookies.clear()
    answer = stranger.sign_in("clinician")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login/code")
    return stranger


def test_the_secret_is_shown_once_as_a_picture_and_as_letters(browser: Open, database: Database) -> None:
    mine = browser("clinician")
    answer = mine.submit(SECOND, SECOND + "/begin", present=PASSWORD)
    drawing = base64.b64decode(re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', answer.text)[0]).decode()
    assert drawing.startswith("<svg")
    assert answer.headers["cache-control"] == "no-store"
    secret = re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', answer.text)[0]
    assert len(secret.replace(" ", "")) == 32
    for page in (SECOND, "/desk/account"):
        assert secret not in mine.get(page).text
    wrong = mine.client.post(
        SECOND + "/confirm", data={"csrf": form(answer.text, SECOND + "/confirm")["csrf"], "code": "1"}
    )
    assert wrong.status_code == 422
    assert secret not in wrong.text


def test_a_sign_in_needs_the_code_before_it_shows_anything(
    browser: Open, stranger: Browser, database: Database
) -> None:
    secret, _ = set_up(browser("clinician"))
    mine = half(stranger)
    before = mine.client.cookies["axis_staff"]
    for page in ("/desk", "/desk/account", "/desk/account/password", SECOND):
        assert mine.get(page).status_code == 303
    token = form(mine.get("/desk/login/code").text, "/desk/login/code")["csrf"]
    assert mine.client.post(SECOND + "/remove", data={"csrf": token, "present": PASSWORD}).status_code == 303
    assert mine.get("/desk/login").headers["location"] == "/desk/login/code"
    assert give(mine, code(secret)) == 303
    assert mine.get("/desk").status_code == 200
    assert mine.client.cookies["axis_staff"] != before
    mine.client.cookies.clear()
    mine.client.cookies.set("axis_staff", before, path="/desk")
    assert mine.get("/desk").status_code == 303
    assert [line[1] for line in audit(database)] == ["staff.signed_in", "staff.second_factor_set_up", "staff.signed_in"]


def test_a_code_works_once(browser: Open, stranger: Browser) -> None:
    """Replay: whoever looked over a shoulder, or listened in, has nothing."""
    secret, _ = set_up(browser("clinician"))
    seen = code(secret)
    assert give(half(stranger), seen) == 303
    thief = half(stranger)
    assert give(thief, seen) == 401
    assert give(thief, code(secret, steps=-1)) == 401
    assert str(WRONG_CODE) in thief.submit("/desk/login/code", "/desk/login/code", code="000000").text
    assert give(thief, code(secret, steps=1)) == 303


def test_the_code_of_the_set_up_does_not_sign_in(browser: Open, stranger: Browser) -> None:
    mine = browser("clinician")
    secret = begin(mine)
    used = code(secret)
    token = form(mine.get(SECOND).text, SECOND + "/begin")["csrf"]
    assert mine.client.post(SECOND + "/confirm", data={"csrf": token, "code": used}).status_code == 200
    assert give(half(stranger), used) == 401


def test_a_recovery_code_works_once_and_only_its_hash_is_stored(
    browser: Open, stranger: Browser, database: Database, tmp_path: Path
) -> None:
    _, codes = set_up(browser("clinician"))
    assert len(set(codes)) == second.RECOVERY_CODES
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite*"))
    assert not [one for one in codes if one.encode() in stored or one.replace("-", "").encode() in stored]
    assert give(half(stranger), codes[0].upper().replace("-", " ")) == 303
    assert "9 recovery codes left" in stranger.get("/desk/account").text
    assert give(half(stranger), codes[0]) == 401
    assert give(half(stranger), codes[1]) == 303
    assert ("clinician", "staff.recovery_code_used", "clinician") in audit(database)


def test_codes_cannot_be_guessed(browser: Open, stranger: Browser, database: Database) -> None:
    """Five wrong ones lock the account, and a right password between them does not start the count anew."""
    set_up(browser("clinician"))
    answers = [give(half(stranger), f"{number:06}") for number in range(FAILURES_BEFORE_LOCK - 1)]
    assert answers == [401] * (FAILURES_BEFORE_LOCK - 1)
    last = half(stranger).submit("/desk/login/code", "/desk/login/code", code="999999")
    assert (last.status_code, last.headers["location"]) == (303, "/desk/login?late=true")
    stranger.client.cookies.clear()
    assert stranger.sign_in("clinician").status_code == 401
    assert ("clinician", "staff.locked", "clinician") in audit(database)


def test_the_code_must_come_soon(browser: Open, stranger: Browser, database: Database) -> None:
    secret, _ = set_up(browser("clinician"))
    mine = half(stranger)
    with database.writing() as session:
        for row in session.query(store.StaffSessionRow).filter_by(code_given=False):
            assert row.expires_at - row.opened_at == timedelta(minutes=10)
            row.expires_at = NOW - timedelta(days=999)
    assert mine.client.post("/desk/login/code", data={"code": code(secret)}).headers["location"] == "/desk/login"


def test_setting_it_up_signs_out_the_others_and_needs_the_password(browser: Open) -> None:
    mine, other = browser("clinician"), browser("clinician")
    answer = mine.submit(SECOND, SECOND + "/begin", present="wrong")
    assert (answer.status_code, str(WRONG) in answer.text) == (422, True)
    set_up(mine)
    assert mine.get("/desk").status_code == 200
    assert other.get("/desk").status_code == 303


def test_removing_it_needs_the_password(browser: Open, stranger: Browser) -> None:
    mine = browser("clinician")
    set_up(mine)
    assert mine.submit(SECOND, SECOND + "/remove", present="wrong").status_code == 422
    assert stranger.sign_in("clinician").headers["location"] == "/desk/login/code"
    assert mine.submit(SECOND, SECOND + "/remove", present=PASSWORD).status_code == 303
    stranger.client.cookies.clear()
    assert stranger.sign_in("clinician").headers["location"] == "/desk"


def test_roles_that_need_it_see_nothing_before_they_have_it(database: Database, tmp_path: Path) -> None:
    app = desk_app(database, Settings(var_dir=tmp_path, second_factor_for="admin, clinician"))
    mine = Browser(TestClient(app, follow_redirects=False))
    assert mine.sign_in("clinician").headers["location"] == SECOND
    assert mine.get("/desk").status_code == 303
    assert "asks for a second factor" in mine.get(SECOND).text
    set_up(mine)
    assert mine.get("/desk").status_code == 200
    assert mine.submit(SECOND, SECOND + "/remove", present=PASSWORD).status_code == 303
    assert mine.get("/desk").status_code == 303
    other = Browser(TestClient(app, follow_redirects=False))
    assert other.sign_in("front_desk").headers["location"] == "/desk"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "-12345",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
    ],
)
def test_what_is_no_code_is_wrong_and_nothing_worse(typed: str) -> None:
    assert second.step_of(second.new_secret(), typed, now=NOW) is None
    assert second.step_of("", typed, now=NOW) is None


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    secret = second.new_secret()
    right = pyotp.TOTP(secret).at(NOW)
    for seconds, fits in ((-31, False), (-30, True), (0, True), (59, True), (60, False)):
        assert (second.step_of(secret, right, now=NOW + timedelta(seconds=seconds)) is not None) == fits, seconds
    assert second.step_of(secret, f"{right[:3]} {right[3:]}", now=NOW) == int(NOW.timestamp()) // 30
