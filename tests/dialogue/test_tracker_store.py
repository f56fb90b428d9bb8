"""Rasa's tracker in our store: ordered by sequence, appended if nobody else has, loud when the database is down."""

from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.conversation import erasure, guard, store
from bot.conversation import tracker as tracker_rows
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.dialogue.tracker_store import SequencedTrackerStore
from bot.errors import Conflict, Unavailable
from bot.settings import ROOT
from tests.when import NOW


@pytest.fixture
def made(tmp_path: Path, fixed: Fixed, monkeypatch: pytest.MonkeyPatch) -> tuple[SequencedTrackerStore, str, Database]:
    monkeypatch.setenv("AXIS_VAR_DIR", str(tmp_path))
    database = Database(f"sqlite:///{tmp_path / 'axis.sqlite'}")
    database.migrate()
    with database.writing() as session:
        conversation_id, _ = store.open_conversation(
            session, channel="web", locale="en", consent_version="1",
            greeting=guard.close(fixed.say("greeting"), fixed.closing("general")), now=NOW,
        )  # fmt: skip
    return SequencedTrackerStore(Domain.load(ROOT / "domain.yml")), conversation_id, database


async def said(trackers: SequencedTrackerStore, sender: str, *texts: str) -> DialogueStateTracker:
    tracker = await trackers.get_or_create_tracker(sender)
    for text in texts:
        tracker.update(UserUttered(text))
    await trackers.save(tracker)
    return tracker


def words(tracker: DialogueStateTracker) -> list[str]:
    return [event.text or "" for event in tracker.events if isinstance(event, UserUttered)]


async def test_what_is_saved_comes_back_in_order_whatever_the_clock_says(
    made: tuple[SequencedTrackerStore, str, Database],
) -> None:
    trackers, sender, _ = made
    tracker = await said(trackers, sender, "first")
    tracker.update(UserUttered("from the future", timestamp=4e9))
    tracker.update(UserUttered("from the past", timestamp=1.0))
    tracker.update(SlotSet("drug", "clomiphene"))
    await trackers.save(tracker)
    again = await trackers.retrieve(sender)
    assert again is not None
    assert words(again) == ["first", "from the future", "from the past"]
    assert again.get_slot("drug") == "clomiphene"


async def test_two_who_append_at_once_lose_nothing_silently(made: tuple[SequencedTrackerStore, str, Database]) -> None:
    trackers, sender, _ = made
    await said(trackers, sender, "first")
    one, two = await trackers.retrieve(sender), await trackers.retrieve(sender)
    assert one is not None
    assert two is not None
    one.update(UserUttered("one"))
    two.update(UserUttered("two"))
    await trackers.save(one)
    with pytest.raises(Conflict):
        await trackers.save(two)
    kept = await trackers.retrieve(sender)
    assert kept is not None
    assert words(kept) == ["first", "one"]


async def test_what_axis_said_is_not_stored_twice(made: tuple[SequencedTrackerStore, str, Database]) -> None:
    trackers, sender, database = made
    tracker = await said(trackers, sender, "first")
    tracker.update(BotUttered(None, {"custom": {"blocks": "a vetted text"}}))
    await trackers.save(tracker)
    with database.reading() as session:
        _, events = tracker_rows.turns(session, sender, last=100)
    assert not any("a vetted text" in event for event in events)


async def test_an_erased_conversation_takes_no_tracker(made: tuple[SequencedTrackerStore, str, Database]) -> None:
    trackers, sender, database = made
    tracker = await said(trackers, sender, "first")
    with database.writing() as session:
        erasure.erase(session, sender, now=NOW)
    tracker.update(UserUttered("late"))
    await trackers.save(tracker)
    assert await trackers.retrieve(sender) is None


async def test_a_database_that_is_down_is_an_error_and_no_amnesia(
    made: tuple[SequencedTrackerStore, str, Database], tmp_path: Path
) -> None:
    trackers, sender, database = made
    await said(trackers, sender, "first")
    database.close()
    with database.reading() as session:
        session.connection().exec_driver_sql("ALTER TABLE tracker_turns RENAME TO gone")
        session.commit()
    with pytest.raises(Unavailable):
        await trackers.retrieve(sender)
