"""The command `axis`: sets up, trains, runs, and looks after the content."""

import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn
from uuid import uuid4

import httpx2
import typer

from bot import cli_content, cli_staff, encoder_build, log, supervise
from bot.conversation import erasure
from bot.conversation import store as conversations
from bot.desk import store as staff_store
from bot.encoder import verified
from bot.errors import AxisError, DataError
from bot.roles import Role
from bot.settings import ROOT, Mode, Settings
from bot.terminal import console, open_database, step

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Axis, the clinic's information service.")
app.add_typer(cli_content.app, name="content")
app.command("verify")(cli_content.verify_all)
app.add_typer(cli_staff.app, name="staff")

DEMO_STAFF = {"reception": Role.FRONT_DESK, "clinician": Role.CLINICIAN, "reviewer": Role.REVIEWER, "admin": Role.ADMIN}


@app.command()
def encoder() -> None:
    """Build the sentence encoder and the close reader, unless they are there."""
    settings = Settings.read()
    folder, reader = settings.models_dir / "encoder", settings.models_dir / "reader"
    learned = settings.language_dir / "safety" / encoder_build.LEARNED
    try:
        verified(folder)
        console.print("[green]✓[/] the sentence encoder is there")
    except DataError:
        with step("building the sentence encoder"):
            encoder_build.build(folder)
    if not learned.is_file():
        console.print("[yellow]![/] the close reader has learned nothing in this language yet: run `make teach`")
    elif encoder_build.is_reader_current(reader, learned):
        console.print("[green]✓[/] the close reader is there")
    else:
        with step("building the close reader"):
            encoder_build.build_reader(reader, learned)


@app.command()
def migrate() -> None:
    """Bring the database up to this version."""
    settings = Settings.read()
    with step("migrating the database"):
        open_database(settings).migrate()


@app.command()
def train(*, force: Annotated[bool, typer.Option(help="Train although nothing has changed.")] = False) -> None:
    """Train the dialogue model, if what it is made of has changed."""
    from bot.dialogue import train as training  # noqa: PLC0415 - the web environment has no dialogue

    settings = Settings.read()
    if not force and training.is_current(settings):
        console.print("[green]✓[/] the dialogue model is up to date")
        return
    with step("training the dialogue model, a few minutes"):
        done = subprocess.run(
            [sys.executable, "-m", "bot.dialogue.train"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise DataError(f"training failed:\n{(done.stdout + done.stderr)[-3000:]}")


@app.command()
def erase(conversation_id: str) -> None:
    """Erase one conversation with all that belongs to it, and print the receipt."""
    with open_database(Settings.read()).writing() as session:
        conversations.state(session, conversation_id)  # raises: a mistyped id must not get a receipt
        receipt = erasure.erase(session, conversation_id, now=datetime.now(UTC))
    console.print(
        f"receipt {receipt.receipt_id}: {receipt.messages} messages, {receipt.tracker_turns} turns of the tracker"
    )


@app.command()
def setup() -> None:
    """Do everything that `run` needs before it starts: encoder, database, texts, model."""
    encoder()
    migrate()
    cli_content.import_changed()
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
        database = open_database(settings)
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
        _refuse(str(error))
    except OSError as error:
        if not error.filename:
            raise
        _refuse(f"{error.filename}: {error.strerror}")


def _refuse(reason: str) -> NoReturn:
    # Brackets of a path or of somebody's words are no markup, and a path is not broken in two.
    console.print(reason, style="red", markup=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
