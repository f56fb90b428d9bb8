"""The start page of the review: which text needs whom, the owners' tasks, and how many questions found no answer."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.content import governance, record
from bot.content.governance import CHANGES_REQUESTED, Due
from bot.content.record import Row
from bot.content.review import State
from bot.conversation import questions
from bot.desk.auth import OnTexts
from bot.desk.screen import Screen, desk_of, show
from bot.translation import later

router = APIRouter(route_class=Screen, include_in_schema=False)
Asked = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


class Need(StrEnum):
    """What a text is waiting for, in the order of the page."""

    REVIEW = "review"
    CHANGES = "changes"
    SUBMIT = "submit"
    WITHDRAWN = "withdrawn"
    OVERDUE = "overdue"
    DUE_NOW = "due_now"
    DUE_30 = "due_30"
    DUE_90 = "due_90"


LABELS = {
    Need.REVIEW: later("Waiting for a reviewer"),
    Need.CHANGES: later("Changes requested"),
    Need.SUBMIT: later("Drafts to submit"),
    Need.WITHDRAWN: later("Withdrawn"),
    Need.OVERDUE: later("Review overdue"),
    Need.DUE_NOW: later("Due today"),
    Need.DUE_30: later("Due in 30 days"),
    Need.DUE_90: later("Due in 90 days"),
}
HELP = {
    Need.REVIEW: later("These were submitted. A reviewer who did not write them approves them or asks for changes."),
    Need.CHANGES: later("A reviewer has asked for changes. The author edits the text and submits it again."),
    Need.SUBMIT: later("Nobody has submitted these yet. In production patients do not see them."),
    Need.WITHDRAWN: later(
        "Patients who ask are told that the text is being checked. Submit it for review, or retire it."
    ),
    Need.OVERDUE: later(
        "The day of their review is past: in production they are held back until they are approved again."
    ),
    Need.DUE_NOW: later("Today is the last day on which these are served in production."),
    Need.DUE_30: later("The review is due within 30 days: plan it with the reviewer."),
    Need.DUE_90: later("The review is due within 90 days."),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list: a revision, who owns it, and what it waits for."""

    row: Row
    owner: str
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; empty fields do not narrow it."""

    need: str = ""
    kind: str = ""
    state: str = ""
    owner: str = ""
    words: str = ""

    def passes(self, item: Item) -> bool:
        """Whether a line belongs to the list."""
        row = item.row
        wanted = ((self.kind, row.kind), (self.state, row.state), (self.owner, item.owner))
        title = f"{row.title} {row.topic}".lower()
        return (
            all(one in ("", there) for one, there in wanted)
            and self.need in ("", *item.needs)
            and all(word in title for word in self.words.lower().split())
        )


@router.get("/desk/review")
def start(
    request: Request, staff: OnTexts, *, need: Asked = "", kind: Asked = "", state: Asked = "", owner: Asked = "",
    words: Asked = "",
) -> Response:  # fmt: skip
    """What needs whom; all texts, or those that pass a filter."""
    today = datetime.now(UTC).date()
    with desk_of(request).database.reading() as session:
        rows, due = record.list_latest(session), governance.due(session, today=today)
        tasks = governance.open_tasks(session)
        sent_back = record.sent_back(session, CHANGES_REQUESTED)
        unanswered = sum(not one.dismissed for one in questions.asked(session))
    items = listed(rows, due, sent_back, {task.topic: task.owner for task in tasks})
    wanted = Filter(need=need, kind=kind, state=state, owner=owner, words=words)
    return show(
        "review_start.html", staff=staff, items=[item for item in items if wanted.passes(item)], wanted=wanted,
        total=len(rows), counts=Counter(one for item in items for one in item.needs), labels=LABELS, help=HELP,
        kinds=sorted({row.kind for row in rows}), states=list(State), owners=sorted({item.owner for item in items}),
        tasks=sorted(tasks, key=lambda task: (task.owner, task.opened_at)), unanswered=unanswered, today=today,
    )  # fmt: skip


def listed(
    rows: Iterable[Row], due: Iterable[Due], sent_back: Collection[int], owners: Mapping[str, str]
) -> list[Item]:
    """The newest revision of each text with what it waits for; an older one that is served and due stands beside it.

    Args:
        rows: the newest revision of each text.
        due: the served revisions whose review is near or past.
        sent_back: ids of the drafts whose author was asked for changes.
        owners: topics with an open task, each with whose it is.
    """
    near = {one.row.revision_id: _due(one) for one in due}
    all_rows = {row.revision_id: row for row in rows} | {one.row.revision_id: one.row for one in due}
    found = []
    for row in all_rows.values():
        needs = [near[row.revision_id]] if row.revision_id in near else []
        if row.state is State.DRAFT:
            needs.append(Need.CHANGES if row.revision_id in sent_back else Need.SUBMIT)
        elif row.state in (State.IN_REVIEW, State.WITHDRAWN):
            needs.append(Need.REVIEW if row.state is State.IN_REVIEW else Need.WITHDRAWN)
        owner = owners.get(row.topic) or row.reviewed_by or row.author
        found.append(Item(row, owner, tuple(needs)))
    return sorted(found, key=lambda item: (item.row.topic, -item.row.revision))


def _due(one: Due) -> Need:
    if one.days < 0:
        return Need.OVERDUE
    return {0: Need.DUE_NOW, 30: Need.DUE_30}.get(one.warning, Need.DUE_90)
