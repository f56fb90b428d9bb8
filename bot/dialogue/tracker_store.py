"""Rasa's tracker, kept by us: ordered by sequence and not by a clock, appended only if nobody else has, and loud when
the database is down (Rasa's own falls back to memory and forgets the conversation).
"""

import json
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.conversation import store
from bot.database import Database
from bot.dialogue.featurizer import PARTS, VECTOR
from bot.settings import Settings

LAST_TURNS = 40
"""Turns of a conversation that are loaded. Older ones stay stored and no longer decide."""


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
        super().__init__(domain, event_broker)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker as it was last saved, or None if there is none.

        Raises:
            Unavailable: the database did not answer.
        """
        with self._database.reading() as session:
            stored, turns = store.tracker_turns(session, sender_id, last=LAST_TURNS)
        if not turns:
            return None
        events = [event for turn in turns for event in json.loads(turn)]
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        _remember(tracker, stored=stored, loaded=len(tracker.events))
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
        with self._database.writing() as session:
            store.append_tracker_turn(session, tracker.sender_id, json.dumps(new), expected=stored)
        _remember(tracker, stored=stored + 1, loaded=len(events))


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


def _remember(tracker: DialogueStateTracker, *, stored: int, loaded: int) -> None:
    """Note on the tracker how much of it is stored; it is handed from load to save within one turn."""
    tracker._axis_stored = (stored, loaded)
