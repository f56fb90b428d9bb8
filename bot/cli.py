"""The command `axis`: sets up, trains, runs, and looks after the content."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from bot import encoder_build, log, supervise
from bot.content import files, readability, search, store
from bot.content import lint as linting
from bot.content.catalogue import Catalogue
from bot.content.learned import prepare
from bot.content.review import Standing, State
from bot.content.store import Draft
from bot.conversation import store as conversations
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.desk import store as staff_store
from bot.encoder import Encoder, verified
from bot.errors import AxisError, DataError
from bot.roles import Role
from bot.settings import ROOT, Mode, Settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Axis, the clinic's information service.")
content = typer.Typer(no_args_is_help=True, help="The vetted texts.")
staff = typer.Typer(no_args_is_help=True, help="Staff accounts.")
app.add_typer(content, name="content")
app.add_typer(staff, name="staff")
console = Console(highlight=False)

DEMO_STAFF = {"reception": Role.FRONT_DESK, "clinician": Role.CLINICIAN, "reviewer": Role.REVIEWER, "admin": Role.ADMIN}


@contextmanager
def step(name: str) -> Iterator[Any]:
    """Show that something is being done, and how long it took."""
    started = time.monotonic()
    with console.status(name) as status:
        yield status
    console.print(f"[green]✓[/] {name} [dim]({time.monotonic() - started:.1f} s)[/]")


def _database(settings: Settings) -> Database:
    return Database(settings.resolved_database_url, limit_s=max(settings.store_limit_s, 10.0))


@app.command()
def encoder() -> None:
    """Build the sentence encoder, unless it is there."""
    settings = Settings.read()
    folder = settings.models_dir / "encoder"
    try:
        verified(folder)
        console.print("[green]✓[/] the sentence encoder is there")
    except DataError:
        with step("building the sentence encoder"):
            encoder_build.build(folder)


@app.command()
def migrate() -> None:
    """Bring the database up to this version."""
    settings = Settings.read()
    with step("migrating the database"):
        _database(settings).migrate()


@app.command()
def train(*, force: Annotated[bool, typer.Option(help="Train although nothing has changed.")] = False) -> None:
    """Train the dialogue model, if what it is made of has changed."""
    from bot.dialogue import train as training  # noqa: PLC0415 - the web environment has no dialogue

    settings = Settings.read()
    if not force and training.is_current(settings):
        console.print("[green]✓[/] the dialogue model is up to date")
        return
    with step("training the dialogue model, about a minute"):
        done = subprocess.run(
            [sys.executable, "-m", "bot.dialogue.train"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise DataError(f"training failed:\n{(done.stdout + done.stderr)[-3000:]}")


@content.command("import")
def import_content() -> None:
    """Read all texts of the data folder into the store; a second time it changes nothing."""
    settings = Settings.read()
    with step("importing the vetted texts"):
        fixed = Fixed.load(settings)
        drafts = _drafts(settings, fixed)
        database = _database(settings)
        with database.writing() as session:
            done = store.import_drafts(session, drafts, now=datetime.now(UTC))
        with database.reading() as session:
            catalogue = store.load_catalogue(session, mode=settings.mode, today=datetime.now(UTC).date())
        prepare(database, catalogue, Encoder(settings.models_dir / "encoder"))
    counts = f"{len(done.new)} new, {len(done.changed)} changed, {len(done.unchanged)} unchanged"
    console.print(f"  {len(drafts)} texts: {counts}")


def _drafts(settings: Settings, fixed: Fixed) -> list[Draft]:
    topics = files.read_drafts(settings.language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    return [*topics, *fixed.drafts()]


@content.command()
def lint() -> None:
    """Check every text of the data folder, and print each text's reading ages and their medians."""
    settings = Settings.read()
    fixed = Fixed.load(settings)
    topics = files.read_topics(settings.language_dir)
    house = files.read_house(settings.language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    problems = linting.lint(topics, house)
    words = linting.familiar(fixed.lexicon)
    for _, one in topics:
        ages = (readability.measure(str(text), known=words).age for text in one.texts.values())
        console.print(f"{one.head.id}: reading age {', '.join(map(str, ages))}")
    for problem in problems:
        console.print(f"[red]{problem}[/]")
    for topic in [] if problems else _unreachable(settings, fixed):
        problems.append(DataError(f"{topic}: fewer than half of its own ways of asking lead to it"))
        console.print(f"[red]{problems[-1]}[/]")
    medians = linting.median_ages((one for _, one in topics), fixed.lexicon)
    console.print("median reading age: " + ", ".join(f"{level} {age:.1f}" for level, age in medians.items()))
    console.print(f"{len(topics)} topics, {len(problems)} problems")
    raise typer.Exit(bool(problems))


def _unreachable(settings: Settings, fixed: Fixed) -> list[str]:
    """Topics of the files that nobody would find."""
    drafts = files.read_drafts(settings.language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    served = {draft.id: store.serve(draft, 1, Standing(State.DRAFT)) for draft in drafts}
    catalogue = Catalogue(version="files", served=served)
    with step("looking for topics that nobody would find"):
        vectors = Encoder(settings.models_dir / "encoder").encode([way for way, _ in search.ways(catalogue)])
        return search.unreachable(catalogue, vectors, search.learn(catalogue, vectors))


@content.command()
def status() -> None:
    """List the newest revision of every text with its state."""
    with _database(Settings.read()).reading() as session:
        rows = store.list_latest(session)
    table = Table("id", "text", "revision", "kind", "state", "reviewed by", "due")
    for row in rows:
        due = str(row.review_due or "")
        table.add_row(
            str(row.revision_id), row.topic, str(row.revision), row.kind, row.state, row.reviewed_by or "", due
        )
    console.print(table)


@content.command()
def move(
    revision_id: int,
    state: State,
    actor: Annotated[str, typer.Option(help="Name of the person who decides.")],
    role: Annotated[Role, typer.Option(help="Their role.")],
    note: str = "",
) -> None:
    """Move a revision: draft, in_review, approved, retired."""
    with _database(Settings.read()).writing() as session:
        store.move(session, revision_id, state, actor=actor, role=role, now=datetime.now(UTC), note=note)
    console.print(f"revision {revision_id} is {state}")


@staff.command("add")
def add_staff(name: str, role: Role) -> None:
    """Make an account with a password that is shown once."""
    password = secrets.token_urlsafe(12)
    with _database(Settings.read()).writing() as session:
        staff_store.add_staff(session, name=name, role=role, password=password)
    console.print(f"{name} ({role}): {password}")


@app.command()
def erase(conversation_id: str) -> None:
    """Erase one conversation with all that belongs to it, and print the receipt."""
    with _database(Settings.read()).writing() as session:
        receipt = conversations.erase(session, conversation_id, now=datetime.now(UTC))
    console.print(
        f"receipt {receipt.receipt_id}: {receipt.messages} messages, {receipt.tracker_turns} turns of the tracker"
    )


@app.command()
def setup() -> None:
    """Do everything that `run` needs before it starts: encoder, database, texts, model."""
    encoder()
    migrate()
    import_content()
    train(force=False)


@app.command()
def run() -> None:
    """Set up what is missing, start everything, and print where it is. Ctrl-C stops it."""
    settings = Settings.read()
    supervise.check_machine(settings)
    setup()
    try:
        with supervise.running(settings) as process:
            with step("starting web, Rasa and the action server") as status:
                supervise.wait_until_ready(settings, process, status.update)
            _tell_addresses(settings)
            process.wait()
    except KeyboardInterrupt:
        console.print("Axis has stopped.")


def _tell_addresses(settings: Settings) -> None:
    address = f"http://{settings.host}:{settings.port}"
    console.print(f"\nAxis is ready: [bold]{address}[/]\n  staff pages: {address}/desk")
    if settings.mode is Mode.DEMO:
        database = _database(settings)
        for name, role in DEMO_STAFF.items():
            password = secrets.token_urlsafe(9)
            with database.writing() as session:
                staff_store.set_password(session, name=name, role=role, password=password)
            console.print(f"  sign in as [bold]{name}[/] with [bold]{password}[/]", style="default")
        console.print("  (demonstration: these passwords are new with every start)")
    console.print("Ctrl-C stops everything.\n")


@app.command()
def chat(url: Annotated[str, typer.Option(help="Address of a running Axis.")] = "") -> None:
    """Talk to a running Axis in the terminal; an empty line ends it."""
    settings = Settings.read()
    base = f"{url or f'http://{settings.host}:{settings.port}'}/api/v1"
    with httpx2.Client(base_url=base, timeout=20) as client:
        consent = client.get("/clinic").json()["consent"]
        console.print(f"[dim]{consent['text']}[/]\n")
        opened = client.post("/conversations", json={"consent_version": consent["version"]}).json()
        headers = {"Authorization": f"Bearer {opened['token']}"}
        messages = opened["messages"]
        while True:
            choices = _print_messages(messages)
            text = console.input("[bold]you:[/] ").strip()
            if not text:
                return
            said = {"choice": choices[int(text)]} if text.isdigit() and int(text) in choices else {"text": text}
            body = {"client_message_id": str(uuid4()), **said}
            answer = client.post(
                f"/conversations/{opened['conversation_id']}/messages", json=body, headers=headers
            ).json()
            messages = answer.get("messages") or [{"text": answer.get("text", ""), "choices": []}]


def _print_messages(messages: list[dict[str, Any]]) -> dict[int, str]:
    """Print messages; returns the numbered choices of the last."""
    for message in messages:
        console.print(f"\n{message['text']}\n", style="cyan", markup=False)
    choices = dict(enumerate((choice for choice in messages[-1]["choices"]), start=1))
    for number, choice in choices.items():
        console.print(f"  [bold]{number}[/] {choice['title']}")
    return {number: choice["id"] for number, choice in choices.items()}


def main() -> None:
    """The entry point: errors of ours are one sentence, without a trace."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    log.configure("cli")
    try:
        app()
    except AxisError as error:
        console.print(f"[red]{error}[/]")
        sys.exit(1)


if __name__ == "__main__":
    main()
