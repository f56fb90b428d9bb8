"""Single sign-on against a provider that really runs: who gets in, as whom, and who does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from bot.database import Database
from bot.desk import store
from bot.roles import Role
from bot.settings import Mode, Settings
from evaluation.running import free_port
from tests.desk import oidc
from tests.desk.conftest import audit, desk_app
from tests.desk.oidc import CLIENT, SECRET, Provider
from tests.desk.serving import serving
from tests.desk.test_attacks import Visitor


@dataclass
class House:
    """A desk and a provider, both served; `restart` serves the desk with other settings."""

    url: str
    provider: Provider
    desk: Any
    database: Database
    base: dict[str, Any]

    def settings(self, **changes: Any) -> None:
        """From now on the desk has these settings."""
        fresh = desk_app(self.database, Settings(**self.base, **changes))
        self.desk.state.desk = fresh.state.desk

    def visitor(self) -> Visitor:
        return Visitor.at(self.url)

    def go(self, mine: Visitor, **more: str) -> httpx2.Response:
        """To the provider and back, as far as its answer: the response that leads back to the desk."""
        there = mine.client.get("/desk/provider/go", params=more)
        assert there.status_code == 303, there.text
        return httpx2.get(there.headers["location"])

    def sign_in(self, mine: Visitor, **more: str) -> httpx2.Response:
        return mine.client.get(self.go(mine, **more).headers["location"])


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    desk_port, provider_port = free_port(), free_port()
    url = f"http://127.0.0.1:{desk_port}"
    provider = Provider(f"http://127.0.0.1:{provider_port}", f"{url}/desk/provider/back")
    base = {
        "var_dir": tmp_path, "public_url": url, "oidc_issuer": provider.issuer, "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
    }  # fmt: skip
    app = desk_app(database, Settings(**base))
    with serving(oidc.build(provider), port=provider_port), serving(app, port=desk_port):
        yield House(url, provider, app, database, base)


GIVEN = {"oidc_role_claim": "realm.roles", "oidc_roles": "it-team=admin, nurses=clinician, desk=front_desk"}


def allow(database: Database, name: str) -> None:
    """An admin lets the provider's person of this name have the account."""
    with database.writing() as session:
        session.query(store.StaffRow).filter_by(name=name).update({"may_link": True})


def role_of(database: Database, name: str) -> str | None:
    with database.reading() as session:
        row = session.query(store.StaffRow).filter_by(name=name).first()
        return row.role if row else None


def test_an_account_that_may_be_linked_is_signed_in(house: House, database: Database) -> None:
    allow(database, "author")
    house.provider.person = {"sub": "7", "preferred_username": "Author"}
    mine = house.visitor()
    answer = house.sign_in(mine, next="/desk/review?state=draft")
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/desk/review?state=draft">' in answer.text
    assert mine.get("/desk/review").status_code == 200
    assert (
        "By your clinic&#39;s sign-in service" in mine.get("/desk/account").text
        or "sign-in service" in mine.get("/desk/account").text
    )
    assert ("author", "staff.linked", "author") in audit(database)
    house.provider.person = {"sub": "7", "preferred_username": "Renamed"}  # the subject counts, not the name
    assert house.sign_in(house.visitor()).status_code == 200
    assert audit(database)[-1] == ("author", "staff.signed_in_by_provider", "author")


def test_the_protocol_is_kept(house: House, database: Database) -> None:
    """State, nonce and PKCE differ each time; the cookie is bound to this browser and read by no script."""
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    answers = [house.visitor().client.get("/desk/provider/go") for _ in range(2)]
    sent = [parse_qs(urlsplit(one.headers["location"]).query) for one in answers]
    for name in ("state", "nonce", "code_challenge"):
        assert len(sent[0][name][0]) >= 20
        assert sent[0][name] != sent[1][name]
    assert sent[0]["code_challenge_method"] == ["S256"]
    cookie = answers[0].headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert SECRET not in answers[0].text + answers[0].headers["location"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"}, {"nonce": None}, {"iss": "https://evil.example"}, {"iss": None},
        {"aud": "another-client"}, {"aud": ["another-client"]}, {"aud": "another-client", "azp": "axis"},
        {"aud": ["axis", "other"], "azp": "other"},
        {"aud": None}, {"exp": 1_000_000_000}, {"exp": None}, {"iat": None}, {"sub": None}, {"sub": 7},
        {"nbf": 9_000_000_000}, {"preferred_username": None}, {"preferred_username": ""},
        {"preferred_username": ["author"]}, {"at_hash": "wrong"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_does_not_fit_lets_nobody_in(house: House, database: Database, wrong: dict[str, Any]) -> None:
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    house.provider.wrong = wrong
    mine = house.visitor()
    assert house.sign_in(mine).status_code == 403
    assert "axis_staff" not in mine.client.cookies
    assert mine.get("/desk/review").status_code == 303
    house.provider.wrong = {}
    assert house.sign_in(mine).status_code == 200


@pytest.mark.parametrize("sign", ["none", "hs256", "other key", "broken"])
def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(house: House, database: Database, sign: str) -> None:
    """Although the discovery document says that none and HS256 were fine."""
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    house.provider.sign = sign
    mine = house.visitor()
    assert house.sign_in(mine).status_code == 403
    assert "axis_staff" not in mine.client.cookies


def test_an_answer_belongs_to_the_browser_that_asked_and_works_once(house: House, database: Database) -> None:
    """Login CSRF: a victim who follows the attacker's link back is not signed in as the attacker."""
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    attacker, victim = house.visitor(), house.visitor()
    back = house.go(attacker).headers["location"]
    assert victim.client.get(back).status_code == 403
    house.go(victim)
    assert victim.client.get(back).status_code == 403
    assert "axis_staff" not in victim.client.cookies
    assert attacker.client.get(back).status_code == 200
    assert attacker.client.get(back).status_code == 403


@pytest.mark.parametrize(
    "changes", [{"state": "made-up"}, {"state": ""}, {"code": "made-up"}, {"code": ""}, {"iss": "https://evil.example"}]
)
def test_an_answer_that_was_changed_is_refused(house: House, database: Database, changes: dict[str, str]) -> None:
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    mine = house.visitor()
    address = urlsplit(house.go(mine).headers["location"])
    query = {name: values[0] for name, values in parse_qs(address.query).items()} | changes
    assert mine.client.get(f"/desk/provider/back?{urlencode(query)}").status_code == 403
    assert mine.get("/desk/review").status_code == 303


def test_the_way_back_ends_in_ten_minutes(house: House, database: Database) -> None:
    allow(database, "author")
    mine = house.visitor()
    back = house.go(mine).headers["location"]
    with database.writing() as session:
        for row in session.query(store.ProviderVisitRow):
            row.expires_at = row.expires_at.replace(year=2020)
    assert mine.client.get(back).status_code == 403


@pytest.mark.parametrize(
    "next_page", ["https://evil.example", "//evil.example", "/desk/../evil", "/desk\\@evil.example"]
)
def test_it_leads_nowhere_else(house: House, database: Database, next_page: str) -> None:
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    answer = house.sign_in(house.visitor(), next=next_page)
    assert 'url=/desk/review">' in answer.text
    assert "evil" not in answer.text


def test_a_name_alone_takes_no_account(house: House, database: Database) -> None:
    """At many providers people choose their names: `admin` must not become our admin."""
    house.settings(**GIVEN, oidc_provision=True)
    for name in ("admin", "ADMIN"):
        house.provider.person = {"sub": name, "preferred_username": name, "realm": {"roles": ["it-team"]}}
        answer = house.sign_in(house.visitor())
        assert (answer.status_code, "You have no account here" in answer.text) == (403, True)


def test_somebody_new_gets_an_account_in_the_role_of_the_claim(house: House, database: Database) -> None:
    house.settings(**GIVEN, oidc_provision=True)
    house.provider.person = {"sub": "9", "preferred_username": "Nora", "realm": {"roles": ["staff", "nurses"]}}
    mine = house.visitor()
    assert house.sign_in(mine).status_code == 200
    assert mine.get("/desk").status_code == 200
    assert role_of(database, "Nora") == Role.CLINICIAN
    assert ("sign-in service", "staff.added_clinician", "Nora") in audit(database)
    assert mine.get("/desk/account/password").status_code == 403
    assert house.visitor().sign_in("Nora", "").status_code == 401
    house.provider.person["realm"] = {"roles": "it-team"}
    assert house.sign_in(mine).status_code == 200
    assert role_of(database, "Nora") == Role.ADMIN
    assert ("sign-in service", "staff.now_admin", "Nora") in audit(database)


@pytest.mark.parametrize(
    "realm", [None, {}, {"roles": []}, {"roles": ["visitors"]}, {"roles": {"it-team": True}}, ["it-team"]]
)
def test_without_a_role_of_ours_nobody_gets_in(house: House, database: Database, realm: Any) -> None:
    house.settings(**GIVEN, oidc_provision=True)
    house.provider.person = {"sub": "9", "preferred_username": "Nora", "realm": realm}
    assert house.sign_in(house.visitor()).status_code == 403
    assert role_of(database, "Nora") is None


def test_without_provisioning_somebody_new_is_refused(house: House, database: Database) -> None:
    house.settings(**GIVEN)
    house.provider.person = {"sub": "9", "preferred_username": "Nora", "realm": {"roles": ["nurses"]}}
    assert house.sign_in(house.visitor()).status_code == 403
    assert role_of(database, "Nora") is None


def test_a_disabled_account_stays_out(house: House, database: Database) -> None:
    allow(database, "author")
    house.provider.person["preferred_username"] = "author"
    assert house.sign_in(house.visitor()).status_code == 200
    with database.writing() as session:
        session.query(store.StaffRow).filter_by(name="author").update(
            {"disabled_at": session.query(store.AuditRow).first().at}
        )
    assert house.sign_in(house.visitor()).status_code == 403


def test_the_last_admin_is_not_demoted_by_a_claim(house: House, database: Database) -> None:
    allow(database, "admin")
    house.settings(**GIVEN)
    house.provider.person = {"sub": "1", "preferred_username": "admin", "realm": {"roles": ["desk"]}}
    assert house.sign_in(house.visitor()).status_code == 403
    assert role_of(database, "admin") == Role.ADMIN


def test_a_provider_that_is_down_is_no_reason_to_fall(house: House, database: Database) -> None:
    house.base["oidc_issuer"] = f"http://127.0.0.1:{free_port()}"
    house.settings()
    answer = house.visitor().get("/desk/provider/go")
    assert (answer.status_code, "Not available just now" in answer.text) == (503, True)
    assert house.visitor().sign_in("admin").status_code == 303


def test_another_issuers_discovery_document_is_not_believed(house: House) -> None:
    house.provider.issuer = "https://evil.example"
    assert house.visitor().get("/desk/provider/go").status_code == 503


def test_without_settings_it_is_off(database: Database, tmp_path: Path) -> None:
    with serving(desk_app(database, Settings(var_dir=tmp_path))) as url:
        mine = Visitor.at(url)
        assert "/desk/provider" not in mine.get("/desk/login").text
        assert [mine.get(f"/desk/provider/{one}").status_code for one in ("go", "back")] == [404, 404]


def test_the_sign_in_page_offers_it(house: House) -> None:
    page = house.visitor().get("/desk/audit").headers["location"]
    assert 'href="/desk/provider/go?next=%2Fdesk%2Faudit"' in house.visitor().get(page).text


FULL = {
    "oidc_issuer": "https://id.example", "oidc_client_id": "axis", "oidc_client_secret": "s", "public_url": "https://a.example",
    "mode": Mode.PRODUCTION, "secure_cookies": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"oidc_client_id": ""}, "AXIS_OIDC_CLIENT_ID"), ({"oidc_client_secret": ""}, "AXIS_OIDC_CLIENT_SECRET"),
        ({"public_url": ""}, "AXIS_PUBLIC_URL"), ({"oidc_issuer": "http://id.example"}, "https"),
        ({"oidc_provision": True}, "AXIS_OIDC_ROLE_CLAIM"), ({"oidc_role_claim": "roles"}, "AXIS_OIDC_ROLES"),
        ({"oidc_roles": "it=boss"}, "boss"), ({"second_factor_for": "admin,king"}, "king"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_stop_the_start(changes: dict[str, Any], named: str) -> None:
    assert Settings(**FULL).oidc_issuer
    with pytest.raises(ValueError, match=named):
        Settings(**{**FULL, **changes})
