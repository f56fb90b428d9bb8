"""Every id that the staff pages show as words is listed for the translator."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import get_args

import pytest
from jinja2 import nodes

from bot.content import difference, governance, review, store, topic
from bot.content.glossary import KIND
from bot.conversation import message, questions
from bot.conversation.message import Gap
from bot.desk import call
from bot.desk.names import NAMES
from bot.desk.screen import FOLDER, environment, words
from bot.gateway import channels
from bot.hours import WEEKDAYS
from bot.roles import Role
from bot.safety.red_flags import Level
from bot.triage import around, ticket
from bot.triage import store as tickets


def given(name: str, *modules: ModuleType) -> Iterator[str]:
    """What modules write down for a keyword, such as reason="withdrawn"."""
    for module in modules:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.keyword) and node.arg == name and isinstance(node.value, ast.Constant):
                yield node.value.value


class Said:
    """A draft of which every field says the same."""

    def __init__(self, words: str) -> None:
        self.evidence = ({"fact": words, "references": [words]},)
        self._words = words

    def __getattr__(self, name: str) -> str:
        return self._words


def in_templates() -> Iterator[str]:
    """Ids that a template itself names."""
    for path in (FOLDER / "templates").glob("*.html"):
        for node in environment().parse(path.read_text("utf-8")).find_all(nodes.Filter):
            if node.name == "words" and isinstance(node.node, nodes.Const):
                yield node.node.value


IDS = [
    *ticket.Urgency, *ticket.State, *given("what", tickets, around),
    *Role, *Level, *topic.Level, *topic.Kind, *review.State, *message.Kind, *WEEKDAYS,
    "refusal", "closing", "advice", "fallback", store.WORDS, KIND,
    *get_args(Gap.model_fields["kind"].annotation), *given("reason", governance, questions),
    *(name for name, _ in difference.about(Said("one"), Said("other"))),
    "web", call.CHANNEL, *(one.name for one in pkgutil.iter_modules(channels.__path__)), *in_templates(),
]  # fmt: skip


@pytest.mark.parametrize("id_", sorted({str(one) for one in IDS}))
def test_an_id_is_listed(id_: str) -> None:
    assert words(id_) in {str(one) for one in NAMES}
