"""Rasa's tracker, kept by us: ordered by sequence and not by a clock, appended only if nobody else has, and loud when
the database is down (Rasa's own falls back to memory and forgets the conversation).

The tracker of a conversation that is going on stays in memory too, and is used only while the database still has just
as many turns: reading the events anew took an eighth of a turn.
"""

import json
import time
from collections import OrderedDict, deque
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.conversation import tracker as tracker_rows
from bot.database import Database
from bot.dialogue.featurizer import PARTS, VECTOR
from bot.settings import Settings

LAST_TURNS = 40
"""Turns of a conversation that are loaded. Older ones stay stored and no longer decide."""


REPLAYED_TURNS = 6
"""Turns that Rasa replays; no rule and no story looks further back (`max_history` in config.yml)."""

MOST_RECENT, RECENT_S = 256, 600.0
"""Trackers that stay in memory, and the seconds after which each goes: an erased conversation must not linger."""

TRANSIENT = frozenset({PARTS, VECTOR})
"""What a parsed message carries for its own turn only."""


class SequencedTrackerStore(TrackerStore):
    """The tracker store that endpoints.yml names.

    Args:
        domain: Rasa's domain.
        host: what endpoints.yml says; the database is the one of AXIS_DATABASE_URL.
        event_broker: Rasa's; not used here.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        host: EndpointConfig | None = None,
        event_broker: EventBroker | None = None,
        **_: Any,
    ) -> None:
        settings = Settings.read()
        self._database = Database(settings.resolved_database_url, limit_s=settings.store_limit_s, durable=False)
        self._recent: OrderedDict[str, tuple[float, DialogueStateTracker]] = OrderedDict()
        super().__init__(domain, event_broker)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker as it was last saved, or None if there is none.

        Raises:
            Unavailable: the database did not answer.
        """
        recent = self._recall(sender_id)
        if recent:
            with self._database.glancing() as connection:
                if tracker_rows.last_turn(connection, sender_id) == recent._axis_stored[0]:
                    return recent
        with self._database.reading() as session:
            stored, turns = tracker_rows.turns(session, sender_id, last=LAST_TURNS)
        if not turns:
            return None
        events = [event for turn in turns for event in json.loads(turn)]
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        _remember(tracker, stored=stored, loaded=len(tracker.events))
        _shorten(tracker)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append what is new.

        Raises:
            Conflict: somebody else has appended since this tracker was loaded; nothing was lost or doubled.
            Unavailable: the database did not answer.
        """
        stored, loaded = getattr(tracker, "_axis_stored", (0, 0))
        events = list(tracker.events)
        new = [_to_store(event) for event in events[loaded:]]
        if not new:
            return
        with self._database.glancing() as connection:
            tracker_rows.append(connection, tracker.sender_id, json.dumps(new), expected=stored)
        _remember(tracker, stored=stored + 1, loaded=len(events))
        self._keep(tracker)

    def _recall(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker in memory, which is taken out: what happens to it in a turn that fails must not stay."""
        now = time.monotonic()
        while self._recent and next(iter(self._recent.values()))[0] < now:
            self._recent.popitem(last=False)
        return self._recent.pop(sender_id, (0.0, None))[1]

    def _keep(self, tracker: DialogueStateTracker) -> None:
        """Keep the tracker of a turn that was saved, for the next one."""
        for event in reversed(tracker.events):
            if isinstance(event, UserUttered):
                event.parse_data = {name: value for name, value in event.parse_data.items() if name not in TRANSIENT}
                break
        _shorten(tracker)
        self._recent[tracker.sender_id] = (time.monotonic() + RECENT_S, tracker)
        if len(self._recent) > MOST_RECENT:
            self._recent.popitem(last=False)


def _to_store(event: Event) -> dict[str, Any]:
    """An event as it is stored.

    What the bot said is stored as a message already, and no rule asks for it; a vector serves one turn only.
    """
    fields = event.as_dict()
    if isinstance(event, BotUttered):
        fields["text"], fields["data"] = None, {}
    elif isinstance(event, UserUttered):
        fields["parse_data"] = {name: value for name, value in event.parse_data.items() if name not in TRANSIENT}
    return fields


def _shorten(tracker: DialogueStateTracker) -> None:
    """Leave the last turns in memory, with the slots as events before them: Rasa replays all events in each turn.

    The history of a form that is going on is left whole, since its rules look at how it began.
    """
    events = list(tracker.events)
    turns = [place for place, event in enumerate(events) if isinstance(event, UserUttered)]
    if tracker.active_loop or len(turns) <= REPLAYED_TURNS:
        return
    slots = [SlotSet(name, slot.value) for name, slot in tracker.slots.items() if slot.value is not None]
    tracker.events = deque([*slots, *events[turns[-REPLAYED_TURNS] - 1 :]], tracker.events.maxlen)
    _remember(tracker, stored=tracker._axis_stored[0], loaded=len(tracker.events))


def _remember(tracker: DialogueStateTracker, *, stored: int, loaded: int) -> None:
    """Note on the tracker how much of it is stored; it is handed from load to save within one turn."""
    tracker._axis_stored = (stored, loaded)
