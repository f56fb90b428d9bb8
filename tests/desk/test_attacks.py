"""What somebody would try who wants to be somebody else, each over real HTTP against a served desk."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from bot.address import network
from bot.database import Database
from bot.desk import attempts, store
from bot.desk.store import FAILURES_BEFORE_LOCK
from bot.settings import ROOT, Settings
from evaluation.running import free_port
from tests.desk.conftest import PASSWORD, desk_app, form
from tests.desk.serving import serving

MOST = 8
"""Failed sign-ins that an address has here."""


@dataclass
class Visitor:
    """A browser at a served desk: it keeps cookies and says where a form comes from."""

    client: httpx2.Client

    @classmethod
    def at(cls, url: str, **headers: str) -> "Visitor":
        return cls(httpx2.Client(base_url=url, headers={"Origin": url, **headers}, timeout=20))

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
        return self.client.post("/desk/login", data={"name": name, "password": password, **more})

    def token(self) -> str:
        return form(self.get("/desk/account").text, "/desk/logout")["csrf"]

    @property
    def session(self) -> str:
        return self.client.cookies["axis_staff"]


@pytest.fixture
def url(database: Database, tmp_path: Path) -> Iterator[str]:
    with serving(desk_app(database, Settings(var_dir=tmp_path, sign_in_failures=MOST))) as address:
        yield address


def test_csrf_a_form_from_elsewhere_changes_nothing(url: str, database: Database) -> None:
    victim = Visitor.at(url)
    assert victim.sign_in("admin").status_code == 303
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    form_of_mine = {"name": "Mallory", "role": "admin"}
    other = Visitor.at(url)
    other.sign_in("author")
    for token in ({}, {"csrf": ""}, {"csrf": other.token()}):
        assert victim.client.post("/desk/staff", data=form_of_mine | token, headers=evil).status_code == 403
    with database.reading() as session:
        assert not session.query(store.StaffRow).filter_by(name="Mallory").count()
    answer = Visitor.at(url).client.post("/desk/login", data={"name": "author", "password": PASSWORD}, headers=evil)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_fixation_a_planted_cookie_never_becomes_a_session(url: str) -> None:
    attacker, victim = Visitor.at(url), Visitor.at(url)
    attacker.sign_in("author")
    planted = attacker.session
    victim.client.cookies.set("axis_staff", planted)
    token = form(victim.get("/desk/review").text, "/desk/logout")["csrf"]
    assert victim.sign_in("admin").status_code == 303
    fresh = victim.client.cookies.get("axis_staff", path="/desk")
    assert fresh not in (None, planted)
    assert attacker.get("/desk/review").status_code == 303
    assert form(Visitor.get(attacker, "/desk/login").text, "/desk/login").get("csrf") != token
    made_up = Visitor.at(url)
    made_up.client.cookies.set("axis_staff", "made-up-by-somebody")
    made_up.sign_in("admin")
    assert made_up.client.cookies.get("axis_staff", path="/desk") != "made-up-by-somebody"


def test_clickjacking_no_page_can_be_framed(url: str) -> None:
    mine = Visitor.at(url)
    mine.sign_in("admin")
    for path in (
        "/desk/account",
        "/desk/account/password",
        "/desk/staff",
        "/desk/audit",
        "/desk/login",
        "/desk/nonsense",
    ):
        headers = mine.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "next_page",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/desk//evil.example/",
        "/desk/../../evil", "/desk@evil.example", "/desk.evil.example", "javascript:alert(1)",
        "/desk/\r\nSet-Cookie: a=b",
        "/desk\t//evil.example", " /desk", "https:/desk", "/desk/%2e%2e/", "/desk?next=//evil.example", "/desk/logout",
        "/desk/login?next=/desk", "/desk/provider/go", "/desk#@evil.example", "/elsewhere",
    ],
)  # fmt: skip
def test_open_redirect_next_leads_nowhere_else(url: str, next_page: str) -> None:
    mine = Visitor.at(url)
    shown = mine.client.get("/desk/login", params={"next": next_page})
    assert form(shown.text, "/desk/login")["next"] == ""
    assert mine.sign_in("admin", next=next_page).headers["location"] == "/desk"
    assert mine.client.get("/desk/login", params={"next": next_page}).headers["location"] == "/desk"


@pytest.mark.parametrize("page", ["/desk/account", "/desk/audit?person=admin&since=2026-01-01", "/desk/tickets/abc"])
def test_next_leads_to_the_page_that_was_asked_for(url: str, page: str) -> None:
    mine = Visitor.at(url)
    login = mine.get(page).headers["location"]
    assert urlsplit(login).path == "/desk/login"
    wanted = form(mine.get(login).text, "/desk/login")["next"].replace("&amp;", "&")
    assert mine.sign_in("admin", next=wanted).headers["location"] == page


def test_brute_force_on_one_account_locks_it_for_every_address(url: str) -> None:
    for guess in range(FAILURES_BEFORE_LOCK):
        assert Visitor.at(url).sign_in("admin", f"guess {guess}").status_code == 401
    assert Visitor.at(url).sign_in("admin").status_code == 401
    assert Visitor.at(url).sign_in("author").status_code == 303


def test_brute_force_over_many_names_is_stopped_by_address(url: str, database: Database) -> None:
    guesser = Visitor.at(url)
    answers = [guesser.sign_in(f"person {number}", "password1234").status_code for number in range(MOST + 2)]
    assert answers == [401] * MOST + [429] * 2
    answer = guesser.sign_in("admin")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= attempts.WITHIN.total_seconds()
    with database.writing() as session:
        for row in session.query(store.AttemptRow):
            row.at -= attempts.WITHIN
    assert guesser.sign_in("admin").status_code == 303


def test_who_signs_in_is_not_counted(url: str) -> None:
    """A clinic behind one address signs in all morning."""
    assert [Visitor.at(url).sign_in("admin").status_code for _ in range(MOST + 2)] == [303] * (MOST + 2)


def test_a_header_does_not_make_another_address(url: str) -> None:
    for number in range(MOST):
        Visitor.at(url, **{"X-Forwarded-For": f"203.0.113.{number}"}).sign_in("nobody", "guess")
    assert Visitor.at(url, **{"X-Forwarded-For": "203.0.113.99"}).sign_in("admin").status_code == 429


def test_behind_a_trusted_proxy_each_address_counts_for_itself(database: Database, tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path, sign_in_failures=MOST, trusted_proxies="127.0.0.1")
    with serving(desk_app(database, settings)) as url:
        for _ in range(MOST + 1):
            answer = Visitor.at(url, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}).sign_in("nobody", "guess")
        assert answer.status_code == 429
        assert Visitor.at(url, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.8"}).sign_in("admin").status_code == 303


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"), ("x" * 99, "x" * 64),
    ],
)  # fmt: skip
def test_addresses_of_ipv6_count_by_network(address: str, counted: str) -> None:
    assert network(address) == counted


def test_the_limits_hold_across_processes(database: Database, tmp_path: Path) -> None:
    """Two web processes, each with a memory of its own: what one counted, the other knows."""
    ports = (free_port(), free_port())
    environment = {
        **os.environ, "AXIS_DATABASE_URL": str(database.url), "AXIS_VAR_DIR": str(tmp_path),
        "AXIS_SIGN_IN_FAILURES": "8",
    }  # fmt: skip
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bot.app"], cwd=ROOT, env={**environment, "AXIS_PORT": str(port)}, stdout=-3
        )
        for port in ports
    ]
    try:
        first, second = (f"http://127.0.0.1:{port}" for port in ports)
        for url in (first, second):
            wait_for(f"{url}/healthz")
        for number in range(FAILURES_BEFORE_LOCK):
            assert Visitor.at((first, second)[number % 2]).sign_in("admin", "guess").status_code == 401
        for url in (first, second):
            assert Visitor.at(url).sign_in("admin").status_code == 401
        assert Visitor.at(first).sign_in("nobody", "guess").status_code == 401
        for url in (first, second):
            assert Visitor.at(url).sign_in("author").status_code == 429
    finally:
        for process in started:
            process.terminate()
            process.wait(20)


def wait_for(url: str) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            if httpx2.get(url, timeout=5).status_code == httpx2.codes.OK:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")


def test_a_stolen_cookie_is_worth_nothing_after_the_sign_out(url: str) -> None:
    victim, thief = Visitor.at(url), Visitor.at(url)
    victim.sign_in("admin")
    thief.client.cookies.set("axis_staff", victim.session)
    assert thief.get("/desk").status_code == 200
    assert victim.client.post("/desk/logout", data={"csrf": victim.token()}).status_code == 303
    assert thief.get("/desk").status_code == 303
    assert thief.client.post("/desk/staff", data={"name": "Mallory", "role": "admin"}).status_code == 303


def test_escalation_a_role_cannot_be_taken(url: str, database: Database) -> None:
    mine = Visitor.at(url)
    mine.sign_in("author")
    with database.reading() as session:
        author = session.query(store.StaffRow).filter_by(name="author").one().id
    token = {"csrf": mine.token()}
    for path in ("role", "password", "enable", "link"):
        assert mine.client.post(f"/desk/staff/{author}/{path}", data={**token, "role": "admin"}).status_code == 403
    assert mine.client.post("/desk/staff", data={**token, "name": "Mallory", "role": "admin"}).status_code == 403
    new = {"present": PASSWORD, "new": "purple rain in march", "again": "purple rain in march", "role": "admin"}
    assert mine.client.post("/desk/account/password", data={**token, **new}).status_code == 303
    assert mine.get("/desk/staff").status_code == 403
    with database.reading() as session:
        assert {row.name: row.role for row in session.query(store.StaffRow)}["author"] == "author"


def test_a_taken_role_ends_at_the_next_page(url: str, database: Database) -> None:
    mine, admin = Visitor.at(url), Visitor.at(url)
    mine.sign_in("clinician")
    admin.sign_in("admin")
    with database.reading() as session:
        clinician = session.query(store.StaffRow).filter_by(name="clinician").one().id
    assert mine.get("/desk").status_code == 200
    admin.client.post(f"/desk/staff/{clinician}/role", data={"csrf": admin.token(), "role": "author"})
    assert mine.get("/desk").status_code == 403
    admin.client.post(f"/desk/staff/{clinician}/disable", data={"csrf": admin.token()})
    assert mine.get("/desk/review").status_code == 303
