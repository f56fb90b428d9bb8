"""What Rasa does in each turn that Axis does without, each replaced by the least that is needed.

Rasa 3.6.21 is the last of its line, so what is replaced stays as it is. Measured: docs/decisions/0011-round-trip.md.
"""

from collections.abc import Callable
from functools import cache
from itertools import takewhile
from typing import Any

import aiohttp
import rasa
from rasa.core import processor
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.tracker_store import TrackerStore
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

KEEP_ALIVE_S = 3.0
"""Seconds that an idle connection to the action server is kept: fewer than Sanic's 5, so that we close first."""


def apply() -> None:
    """Put the replacements in place; called once, before Rasa serves."""
    processor.DaskGraphRunner = InOrderRunner
    Agent._create_tracker_store = staticmethod(_without_fallback)
    RemoteAction._validate_action_result = _is_action_result
    RemoteAction._action_call_format = _action_call
    Event.resolve_by_type = cache(Event.resolve_by_type)  # Rasa looks for it anew for each event
    EndpointConfig.session = lambda _endpoint: _KeptSession()
    RulePolicy._find_action_from_rules = _without_reading_text(RulePolicy._find_action_from_rules)
    processor.MessageProcessor._check_for_unseen_features = _nothing  # a model is trained on the domain it comes with
    RulePolicy.format_tracker_states = _nothing  # for a line of the log that is not kept


def _nothing(*_: Any) -> None:
    """Instead of what has no effect but a line of the log."""


class InOrderRunner(DaskGraphRunner):
    """Runs the components that the targets need, each after those that it needs itself.

    Rasa prunes the graph anew for each message, hands it to a scheduler, and writes the whole tracker into a line of
    the log that is not kept.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._orders: dict[tuple[str, ...], list[str]] = {}

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The targets' results.

        Args:
            inputs: what the message brings, by the name of its place in the graph.
            targets: names of the components whose results are wanted; without them the model's own.
        """
        wanted = tuple(targets or self._graph_schema.target_names)
        if wanted not in self._orders:
            self._orders[wanted] = []
            self._visit(wanted, self._orders[wanted])
        done: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        for name in self._orders[wanted]:
            if name not in done:
                needs = self._graph_schema.nodes[name].needs.values()
                done[name] = self._instantiated_nodes[name](*(done[need] for need in needs))
        return dict(done[name] for name in wanted)

    def _visit(self, names: tuple[str, ...], order: list[str]) -> None:
        """Append the components of these names to the order, each after its own needs."""
        for name in names:
            if name in self._graph_schema.nodes and name not in order:
                self._visit(tuple(self._graph_schema.nodes[name].needs.values()), order)
                order.append(name)


def _without_fallback(store: TrackerStore, domain: Domain) -> TrackerStore:
    """The tracker store as it is; Rasa would wrap it in one that forgets the conversation when the database is down."""
    store.domain = domain
    return store


def _without_reading_text(find: Callable[..., Any]) -> Callable[..., Any]:
    """Rasa looks for a rule twice, first for one that names the patient's literal text. No rule of ours does."""

    def find_by_intent(
        policy: RulePolicy, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> Any:
        return (None, None, False) if use_text_for_last_user_input else find(policy, tracker, domain, False)

    return find_by_intent


def _is_action_result(_action: RemoteAction, result: dict[str, Any]) -> bool:
    """Whether an action's answer has the form it must have; Rasa reads a JSON schema anew for every answer.

    Each event is checked when it is read, right after.

    Raises:
        ValueError: it has another form.
    """
    if not all(isinstance(result.get(name, []), list) for name in ("events", "responses")):
        raise ValueError("the action server's answer has another form")
    return True


def _action_call(action: RemoteAction, tracker: DialogueStateTracker, _domain: Domain) -> dict[str, Any]:
    """What an action is told: Rasa would send every event and the whole domain, so that each turn is slower than the
    last. The actions here read the slots and the latest message; a form's validation also the slots just filled.
    """
    filled = takewhile(lambda event: isinstance(event, SlotSet), reversed(tracker.events))
    events = [event.as_dict() for event in filled][::-1] if action.name().startswith("validate_") else []
    state = {**tracker.current_state(EventVerbosity.NONE), "events": events}
    return {"next_action": action.name(), "sender_id": tracker.sender_id, "tracker": state, "version": rasa.__version__}


class _KeptSession:
    """A client that stays open between the calls of an action; Rasa would connect anew for each."""

    client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> aiohttp.ClientSession:
        if _KeptSession.client is None:
            connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S)
            _KeptSession.client = aiohttp.ClientSession(connector=connector)
        return _KeptSession.client

    async def __aexit__(self, *_: object) -> None:
        """Keep it open."""
