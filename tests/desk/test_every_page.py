"""Every route below /desk, as the application has them: what each declares is what nobody and every role gets.

A new route is covered by being there. Its rule is read from what it depends on: `public`, `signed_in` or `current`, or
a function that takes the member of staff and refuses some roles. A route that declares nothing fails.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.app import create
from bot.database import Database
from bot.desk import auth, store
from bot.desk.screen import HEADERS
from bot.desk.store import Staff
from bot.errors import NotAllowed
from bot.roles import Role
from bot.settings import Settings
from tests.desk.conftest import HERE, PASSWORD, Browser, form

ALL = frozenset(Role)


def leaves(routes: list[Any]) -> Iterator[Any]:
    """Every route with a path, however routers are nested."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if hasattr(route, "methods") and getattr(route, "path", "").startswith("/desk"):
            yield route
        elif inner is not None:
            yield from leaves(inner.routes)


def depended_on(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one
        yield from depended_on(one)


def may(call: Any, role: Role) -> bool:
    """Whether a dependency lets a role through; it is asked, with nobody but a member of staff at hand."""
    try:
        call(Staff(name="somebody", role=role, csrf=""))
    except NotAllowed:
        return False
    return True


STREAM = "/desk/events"


@dataclass(frozen=True)
class Rule:
    """Who may; `for_everybody` needs no sign-in."""

    for_everybody: bool
    roles: frozenset[Role]


def rule(route: Any) -> Rule | None:
    """What a route declares; None if it declares nothing."""
    found = list(depended_on(route.dependant))
    calls = [one.call for one in found]
    if auth.public in calls:
        return Rule(for_everybody=True, roles=ALL)
    if auth.current not in calls:
        return None
    roles = ALL
    for one in found:
        takes_staff = [inner.call for inner in one.dependencies] and len(inspect.signature(one.call).parameters) == 1
        if takes_staff:
            roles &= {role for role in Role if may(one.call, role)}
    return Rule(for_everybody=False, roles=roles)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The web process, with an account in each role."""
    folder = tmp_path_factory.mktemp("desk")
    database = Database(f"sqlite:///{folder / 'axis.sqlite'}")
    database.migrate()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_hasher", PasswordHasher.from_parameters(CHEAPEST))
        with database.writing() as session:
            for role in Role:
                store.add_staff(session, name=role, role=role, password=PASSWORD)
        yield create(Settings(var_dir=folder, database_url=str(database.url), sign_in_failures=10_000))
    database.close()


@pytest.fixture(scope="module")
def routes(whole: FastAPI) -> list[Any]:
    found = list(leaves(whole.routes))
    assert len(found) >= 30
    return found


@pytest.fixture(scope="module")
def everybody(whole: FastAPI) -> dict[Role, Browser]:
    """A browser for each role, signed in."""
    made = {}
    for role in Role:
        made[role] = Browser(TestClient(whole, follow_redirects=False))
        assert made[role].sign_in(role).status_code == 303
    return made


def filled(path: str) -> str:
    return re.sub(r"{\w+(?::\w+)?}", "1", path)


def calls(routes: list[Any]) -> list[tuple[str, str, Any]]:
    """Every call but the event stream, which never ends; it has a test of its own below."""
    finite = [route for route in routes if route.path != STREAM]
    return [(method, filled(route.path), route) for route in finite for method in sorted(route.methods)]


def test_the_event_stream_is_for_those_who_work_on_tickets(whole: FastAPI, everybody: dict[Role, Browser]) -> None:
    assert TestClient(whole, follow_redirects=False).get(STREAM).status_code in (303, 401)
    assert everybody[Role.AUTHOR].get(STREAM).status_code == 403
    assert everybody[Role.REVIEWER].get(STREAM).status_code == 403


def test_every_route_declares_who_may(routes: list[Any]) -> None:
    assert [route.path for route in routes if rule(route) is None] == []


def test_what_is_for_everybody_is_listed_here(routes: list[Any]) -> None:
    """So that nobody opens a page to the world by the way."""
    opened = {route.path for route in routes if rule(route) == Rule(for_everybody=True, roles=ALL)}
    assert {path for path in opened if not path.startswith("/desk/static/")} == {
        "/desk/login", "/desk/provider/go", "/desk/provider/back",
    }  # fmt: skip


def test_what_admins_alone_may(routes: list[Any]) -> None:
    """The walk reads roles as they are meant; without this it could read all as everybody's."""
    alone = {route.path for route in routes if rule(route) == Rule(for_everybody=False, roles=frozenset({Role.ADMIN}))}
    assert {"/desk/staff", "/desk/staff/{staff_id}/role", "/desk/audit", "/desk/audit.csv"} <= alone
    tickets = next(rule(route) for route in routes if route.path == "/desk/tickets/{ticket_id}")
    assert tickets == Rule(for_everybody=False, roles=frozenset({Role.FRONT_DESK, Role.CLINICIAN, Role.ADMIN}))


@pytest.mark.parametrize("cookie", [None, "nonsense"])
def test_nobody_sees_a_page_without_a_login(whole: FastAPI, routes: list[Any], cookie: str | None) -> None:
    stranger = TestClient(whole, follow_redirects=False)
    if cookie:
        stranger.cookies.set("axis_staff", cookie, path="/desk")
    tried = 0
    for method, path, route in calls(routes):
        if not rule(route).for_everybody:  # type: ignore[union-attr]
            answer = stranger.request(method, path, headers=HERE)
            led = answer.headers.get("location", "").split("?")[0]
            assert (answer.status_code, led) == (303, "/desk/login") or answer.status_code == 401, (method, path)
            tried += 1
    assert tried >= 25


@pytest.mark.parametrize("role", Role)
def test_a_role_without_the_right_is_refused(everybody: dict[Role, Browser], routes: list[Any], role: Role) -> None:
    mine = everybody[role]
    token = form(mine.get("/desk/account").text, "/desk/logout")["csrf"]
    for method, path, route in calls(routes):
        declared = rule(route)
        assert declared is not None
        if role not in declared.roles:
            sent = {"data": {"csrf": token}} if method == "POST" else {}
            answer = mine.client.request(method, path, headers=HERE, **sent)
            assert answer.status_code == 403, (role, method, path)
            assert "not made for your session" not in answer.text
        elif method == "GET" and not declared.for_everybody:
            assert mine.client.get(path).status_code not in (401, 403), (role, path)


@pytest.mark.parametrize("token", [None, "", "wrong", "é", "another session's"])
def test_a_form_without_this_sessions_token_is_refused(
    everybody: dict[Role, Browser], routes: list[Any], token: str | None
) -> None:
    """CSRF: of every route that takes a form, whatever its role."""
    mine = everybody[Role.ADMIN]
    if token == "another session's":
        token = form(everybody[Role.AUTHOR].get("/desk/account").text, "/desk/logout")["csrf"]
    tried = 0
    for method, path, route in calls(routes):
        nothing_there = route.path == "/desk/{rest:path}"
        if method not in ("GET", "HEAD") and not rule(route).for_everybody and not nothing_there:  # type: ignore[union-attr]
            answer = mine.client.request(method, path, data={} if token is None else {"csrf": token}, headers=HERE)
            assert answer.status_code == 403, (method, path)
            assert "not made for your session" in answer.text or Role.ADMIN not in rule(route).roles, path  # type: ignore[union-attr]
            tried += 1
    assert tried >= 12
    assert mine.get("/desk").status_code == 200


def test_every_answer_refuses_frames_and_caches(
    whole: FastAPI, everybody: dict[Role, Browser], routes: list[Any]
) -> None:
    """Clickjacking: pages, refusals and redirects alike, signed in or not."""
    for one in (TestClient(whole, follow_redirects=False), everybody[Role.ADMIN].client):
        for method, path, _ in calls(routes):
            if path != "/desk/logout":
                answer = one.request(method, path, headers=HERE)
                assert {name: answer.headers[name] for name in HEADERS} == HEADERS, (method, path)
    assert "frame-ancestors 'none'" in HEADERS["Content-Security-Policy"]
    assert HEADERS["X-Frame-Options"] == "DENY"
