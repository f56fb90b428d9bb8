"""What the webhook tells, how it is signed, and when it tries again."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.settings import ROOT
from bot.triage import webhook
from bot.triage.ticket import State, Urgency
from bot.triage.webhook import Event, Notice, Standing
from tests.when import NOW

SECRET = SecretStr("0123456789abcdef")
NOTICE = Notice("a" * 32, "b" * 32, Event.OPENED, Standing(Urgency.EMERGENCY, State.NEW), NOW, 1)
Check = Callable[..., bool]


@pytest.fixture(scope="module")
def documented() -> Check:
    """The check of signatures as docs/how-to/export.md gives it to those who receive."""
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/export.md").read_text(), re.DOTALL)[0]
    names: dict[str, Check] = {}
    exec(code, names)
    return names["is_from_axis"]


def test_the_signature_passes_the_documented_check_and_nothing_else_does(documented: Check) -> None:
    body = webhook.body(NOTICE, link="/desk")
    header, secret = webhook.sign(body, secret=SECRET, at=NOW), SECRET.get_secret_value()
    at = NOW.timestamp()
    assert documented(header, body, secret, at)
    assert documented(header, body, secret, at + 299)
    assert not documented(header, body + b" ", secret, at)
    assert not documented(header, body, secret + "x", at)
    assert not documented(header, body, secret, at + 301)
    later = header.replace(f"t={int(at)}", f"t={int(at) + 600}")
    assert not documented(later, body, secret, at + 600)
    for nonsense in ("", "t=1", "v1=", "t=,v1=", "t=é,v1=é"):
        assert not documented(nonsense, body, secret, at)


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_two_bodies_have_two_signatures(one: bytes, other: bytes) -> None:
    signed = [webhook.sign(body, secret=SECRET, at=NOW) for body in (one, other)]
    assert (signed[0] == signed[1]) == (one == other)


def test_the_body_says_what_happened_and_no_more() -> None:
    said = json.loads(webhook.body(NOTICE, link="https://x.org/desk/tickets/b"))
    assert said == {
        "id": "a" * 32,
        "event": "ticket.opened",
        "occurred_at": NOW.isoformat(),
        "ticket": {"id": "b" * 32, "urgency": "emergency", "state": "new", "link": "https://x.org/desk/tickets/b"},
    }
    assert json.loads(webhook.body(NOTICE, link="/", fhir='{"resourceType": "Bundle"}'))["fhir"] == {
        "resourceType": "Bundle"
    }


ROUTINE, SAME_DAY = Standing(Urgency.ROUTINE, State.NEW), Standing(Urgency.SAME_DAY, State.NEW)
RESOLVED = Standing(Urgency.ROUTINE, State.RESOLVED)
CASES = [
    (None, ROUTINE, (Event.OPENED,)),
    (None, RESOLVED, (Event.OPENED, Event.RESOLVED)),
    (ROUTINE, ROUTINE, ()),
    (ROUTINE, Standing(Urgency.ROUTINE, State.CLAIMED), ()),
    (ROUTINE, SAME_DAY, (Event.RAISED,)),
    (SAME_DAY, ROUTINE, ()),
    (SAME_DAY, RESOLVED, (Event.RESOLVED,)),
    (ROUTINE, Standing(Urgency.EMERGENCY, State.RESOLVED), (Event.RAISED, Event.RESOLVED)),
    (RESOLVED, ROUTINE, (Event.REOPENED,)),
    (RESOLVED, SAME_DAY, (Event.REOPENED, Event.RAISED)),
]


@pytest.mark.parametrize(("told", "now", "expected"), CASES)
def test_what_there_is_to_tell(told: Standing | None, now: Standing, expected: tuple[Event, ...]) -> None:
    assert webhook.events(told, now) == expected


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_an_hour_and_never_shrink_to_nothing(attempt: int, chance: float) -> None:
    wait = webhook.wait_s(attempt, chance=chance)
    assert 2.5 <= wait <= webhook.LONGEST_WAIT_S
    assert webhook.wait_s(attempt + 1, chance=chance) >= wait


def test_a_day_of_waiting_is_some_thirty_tries() -> None:
    total, attempt = timedelta(), 0
    while total < webhook.GIVE_UP_AFTER:
        attempt += 1
        total += timedelta(seconds=webhook.wait_s(attempt, chance=0.5))
    assert 30 <= attempt <= 50
