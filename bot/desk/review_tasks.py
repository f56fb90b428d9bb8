"""The owners' tasks: who has to do what about which text; taking, giving, closing and reopening."""

from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from bot.content import governance, record, tasks
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTexts, Text
from bot.desk.screen import ON_TEXTS, Screen, desk_of, show
from bot.errors import NotFound
from bot.translation import gettext as _

router = APIRouter(route_class=Screen, include_in_schema=False)
TaskId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Action(StrEnum):
    """What may be done with a task."""

    GIVE = "give"
    CLOSE = "close"
    REOPEN = "reopen"


NOTED = {Action.GIVE: "task.given", Action.CLOSE: "task.closed", Action.REOPEN: "task.reopened"}


@router.get("/desk/review/tasks")
def all_tasks(
    request: Request, staff: OnTexts, closed: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> Response:  # fmt: skip
    """Every open task, by owner; one that was just closed can be opened again."""
    with desk_of(request).database.reading() as session:
        found = governance.open_tasks(session)
        people = staff_store.names(session, ON_TEXTS)
        rows = {task.topic: record.history(session, task.topic)[0] for task in found}
    ordered = sorted(found, key=lambda task: (task.owner != staff.name, task.owner, task.opened_at))
    return show(
        "tasks.html", staff=staff, rows=rows, people=people, closed=closed, gives=staff.role in tasks.GIVERS,
        groups=[(owner, list(these)) for owner, these in groupby(ordered, key=lambda task: task.owner)],
    )  # fmt: skip


@router.post("/desk/review/tasks/{task_id}/{action}", dependencies=OWN_FORM)
def act(
    request: Request, task_id: TaskId, action: Action, staff: OnTexts, *, owner: Text = "", seen: Text = ""
) -> Response:  # fmt: skip
    """Give a task to somebody, close it, or open it again.

    Raises:
        NotFound: nobody of that name works on texts.
    """
    now = datetime.now(UTC)
    with desk_of(request).database.writing() as session:
        if action is Action.GIVE:
            if owner not in staff_store.names(session, ON_TEXTS):
                raise NotFound(_("nobody of this name works on texts"))
            tasks.give(session, task_id, owner, seen=seen, actor=staff.name, role=staff.role)
        elif action is Action.CLOSE:
            tasks.close(session, task_id, seen=seen, actor=staff.name, role=staff.role, now=now)
        else:
            tasks.reopen(session, task_id, role=staff.role)
        staff_store.note(session, actor=staff.name, action=NOTED[action], subject=str(task_id), now=now)
    undo = f"?closed={task_id}" if action is Action.CLOSE else ""
    return RedirectResponse(f"/desk/review/tasks{undo}", 303)
