"""What the owners of texts have to do, in their hands: taking, giving, closing and reopening a task."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.content.governance import WRITERS, TaskRow
from bot.errors import Conflict, NotAllowed, NotFound
from bot.roles import Role
from bot.translation import gettext as _

GIVERS = frozenset({Role.REVIEWER, Role.ADMIN})
"""Roles that may give a task that is another's, or close it."""


def give(session: Session, task_id: int, owner: str, *, seen: str, actor: str, role: Role) -> str:
    """Put a task into somebody's hands; everybody who writes texts may take one themselves.

    Args:
        session: a session that writes.
        task_id: the task.
        owner: who shall do it.
        seen: whose it was when the page was made.
        actor: who decides.
        role: their role.

    Returns:
        The task's topic.

    Raises:
        NotFound: there is no such task.
        NotAllowed: not by this role, or another's task is given away.
        Conflict: it is done, or changed hands meanwhile.
    """
    row = _open(session, task_id, seen=seen, role=role)
    if actor not in {owner, row.owner} and role not in GIVERS:
        raise NotAllowed(_("you may take this task, or give away your own; reviewers and admins give others' tasks"))
    row.owner = owner
    return row.topic_id


def close(session: Session, task_id: int, *, seen: str, actor: str, role: Role, now: datetime) -> str:
    """Close a task that is done.

    Returns:
        The task's topic.

    Raises:
        NotFound: there is no such task.
        NotAllowed: not by this role, or it is another's.
        Conflict: it is done, or changed hands meanwhile.
    """
    row = _open(session, task_id, seen=seen, role=role)
    if row.owner != actor and role not in GIVERS:
        raise NotAllowed(_("this is the task of {owner}: take it first").format(owner=row.owner))
    row.open, row.done_at = None, now
    return row.topic_id


def reopen(session: Session, task_id: int, *, role: Role) -> str:
    """Undo a close.

    Returns:
        The task's topic.

    Raises:
        NotFound: there is no such task.
        NotAllowed: not by this role.
        Conflict: it is open already, or its topic has another task by now.
    """
    row = _task(session, task_id, role=role)
    if session.scalar(select(TaskRow.id).where(TaskRow.open == row.topic_id)) is not None:
        raise Conflict(_("this topic has an open task already"))
    row.open, row.done_at = row.topic_id, None
    return row.topic_id


def _open(session: Session, task_id: int, *, seen: str, role: Role) -> TaskRow:
    row = _task(session, task_id, role=role)
    if row.open is None:
        raise Conflict(_("this task was closed meanwhile"))
    if row.owner != seen:
        raise Conflict(
            _("this task is in the hands of {owner} meanwhile, and nothing was changed").format(owner=row.owner)
        )
    return row


def _task(session: Session, task_id: int, *, role: Role) -> TaskRow:
    """A task, held until this transaction ends."""
    if role not in WRITERS:
        raise NotAllowed(_("the role {role} may not look after tasks").format(role=role))
    row = session.scalars(select(TaskRow).where(TaskRow.id == task_id).with_for_update()).first()
    if row is None:
        raise NotFound(_("no task {task_id}").format(task_id=task_id))
    return row
