"""One's own account: sessions, password, second factor."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from bot.desk import auth, own, passwords, second, sessions, store
from bot.desk.auth import OWN_FORM, STEP_FORM, SignedIn, Text, at
from bot.desk.screen import LOGIN, Screen, desk_of, inside, show
from bot.desk.signing_in import onward
from bot.desk.store import Staff, Step
from bot.errors import NotAllowed
from bot.translation import later

ACCOUNT = "/desk/account"
WRONG = later("Your present password is wrong.")
NOT_THE_SAME = later("The new password and its repetition are not the same.")
NOT_NEW = later("The new password is the present one.")
WRONG_CODE = later("The code is wrong or was used before. Wait for the next one.")
BY_PROVIDER = later("you sign in by your clinic's sign-in service: change it there")

router = APIRouter(route_class=Screen, include_in_schema=False)
AtPassword = Annotated[Staff, Depends(at(Step.PASSWORD))]
AtSecond = Annotated[Staff, Depends(at(Step.SECOND))]
SessionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get(ACCOUNT)
def account(request: Request, staff: SignedIn, changed: bool = False) -> Response:
    """The overview, with all sessions."""
    desk = desk_of(request)
    now = datetime.now(UTC)
    with desk.database.reading() as session:
        mine = sessions.list_open(session, staff.id, now=now, rules=desk.rules)
        row = own.look(session, staff.id)
    return show(
        "account.html", staff=staff, sessions=mine, own=row, changed=changed,
        required=staff.role in desk.rules.second_for,
    )  # fmt: skip


@router.post("/desk/account/sessions/{public_id}/end", dependencies=OWN_FORM)
def end_session(request: Request, public_id: SessionId, staff: SignedIn) -> Response:
    """Sign one browser out."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        sessions.end(session, staff, public_id, now=datetime.now(UTC))
    return RedirectResponse(LOGIN if public_id == staff.session_id else ACCOUNT, 303)


@router.post("/desk/account/sessions/end", dependencies=OWN_FORM)
def end_everywhere(request: Request, staff: SignedIn) -> Response:
    """Sign every browser out, this one too."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        sessions.end_all(session, staff.id)
        name, now = staff.name, datetime.now(UTC)
        store.note(session, actor=name, action="staff.signed_out_everywhere", subject=name, now=now)
    return auth.let_out(RedirectResponse(LOGIN, 303), desk)


@router.get("/desk/account/password")
def password_page(request: Request, staff: AtPassword, next: str = "") -> Response:
    """The form for a new password."""
    _has_password(request, staff)
    return _password_form(staff, then=next)


@router.post("/desk/account/password", dependencies=STEP_FORM)
def change_password(
    request: Request,
    staff: AtPassword,
    *,
    present: Text = "",
    new: Text = "",
    again: Text = "",
    next: Text = "",
) -> Response:
    """Change the password; all other sessions end, and this one goes on under a new id."""
    _has_password(request, staff)
    error = passwords.fault(new, name=staff.name)
    if error is None and new != again:
        error = NOT_THE_SAME
    if error is None and new == present:
        error = NOT_NEW
    if error:
        return _password_form(staff, then=next, error=error, status=422)
    if not _is_present(request, staff, present):
        return _after_wrong(request, _password_form(staff, then=next, present_error=WRONG, status=422))
    hashed = store.hash_password(new)
    desk = desk_of(request)
    with desk.database.writing() as session:
        now = datetime.now(UTC)
        own.change_password(session, staff, hashed, now=now)
        token = sessions.renew(session, request.cookies[auth.cookie(desk)])
        staff, _seen_at = sessions.find(session, token, now=now, rules=desk.rules)
    there = onward(staff, next) if next or staff.step is not Step.DONE else _changed()
    return auth.let_in(there, desk, token)


@router.get("/desk/account/second")
def second_page(request: Request, staff: AtSecond) -> Response:
    """The second factor: set up, or remove."""
    _has_password(request, staff)
    return _second_form(request, staff)


@router.post("/desk/account/second/begin", dependencies=STEP_FORM)
def begin_second(request: Request, staff: AtSecond, present: Text = "") -> Response:
    """Make a secret and show it, this once, as a QR code and as letters."""
    _has_password(request, staff)
    if not _is_present(request, staff, present):
        return _after_wrong(request, _second_form(request, staff, present_error=WRONG, status=422))
    with desk_of(request).database.writing() as session:
        secret = own.begin_second(session, staff)
    drawing = second.drawing(secret, name=staff.name)
    return show("second_begun.html", staff=staff, error="", drawing=drawing, secret=second.spaced(secret))


@router.post("/desk/account/second/confirm", dependencies=STEP_FORM)
def confirm_second(request: Request, staff: AtSecond, code: Text = "") -> Response:
    """Set it up once the app gives the right code, and show the recovery codes, this once."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        now = datetime.now(UTC)
        codes = own.confirm_second(session, staff, code, now=now)
        token = sessions.renew(session, request.cookies[auth.cookie(desk)]) if codes else ""
    if codes is None:
        return show("second_begun.html", staff=staff, status=422, error=WRONG_CODE, drawing="", secret="")
    with desk.database.reading() as session:
        staff, _seen_at = sessions.find(session, token, now=now, rules=desk.rules)
    return auth.let_in(show("recovery.html", staff=staff, codes=codes), desk, token)


@router.post("/desk/account/second/remove", dependencies=OWN_FORM)
def remove_second(request: Request, staff: SignedIn, present: Text = "") -> Response:
    """Take the second factor away."""
    _has_password(request, staff)
    if not _is_present(request, staff, present):
        return _after_wrong(request, _second_form(request, staff, present_error=WRONG, status=422))
    with desk_of(request).database.writing() as session:
        own.remove_second(session, staff, now=datetime.now(UTC))
    return _changed()


def _has_password(request: Request, staff: Staff) -> None:
    with desk_of(request).database.reading() as session:
        if not own.look(session, staff.id).has_password:
            raise NotAllowed(BY_PROVIDER)


def _is_present(request: Request, staff: Staff, present: str) -> bool:
    """Whether somebody signed in knows the password, too; wrong ones count as at the sign-in."""
    if auth.password_fits(request, staff.name, present):
        return True
    with desk_of(request).database.writing() as session:
        own.count_wrong_password(session, staff, now=datetime.now(UTC))
    return False


def _after_wrong(request: Request, form: Response) -> Response:
    """The form again; the sign-in, if that was one wrong password too many."""
    auth.current(request)
    return form


def _changed() -> Response:
    return RedirectResponse(f"{ACCOUNT}?changed=true", 303)


def _password_form(
    staff: Staff, *, then: str = "", error: str = "", present_error: str = "", status: int = 200
) -> Response:
    return show(
        "password.html", staff=staff, status=status, error=error, present_error=present_error, then=inside(then),
        shortest=passwords.SHORTEST, forced=staff.step is Step.PASSWORD,
    )  # fmt: skip


def _second_form(request: Request, staff: Staff, *, present_error: str = "", status: int = 200) -> Response:
    with desk_of(request).database.reading() as session:
        row = own.look(session, staff.id)
    return show(
        "second.html", staff=staff, status=status, own=row, present_error=present_error,
        forced=staff.step is Step.SECOND,
    )  # fmt: skip
