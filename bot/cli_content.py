"""`axis content ...` and `axis verify`: the vetted texts, their review, their gaps, and packs of them."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.content import difference, files, gaps, glossary, governance, packs, readability, record, search, store
from bot.content import lint as linting
from bot.content.catalogue import Catalogue
from bot.content.learned import prepare
from bot.content.review import Standing, State
from bot.content.store import Draft
from bot.content.topic import Level
from bot.conversation import questions
from bot.conversation.fixed import Fixed
from bot.conversation.verify import verify
from bot.database import Database
from bot.desk import store as staff_store
from bot.encoder import Encoder
from bot.errors import DataError, NotFound
from bot.roles import Role
from bot.settings import Settings
from bot.terminal import console, open_database, step

app = typer.Typer(no_args_is_help=True, help="The vetted texts.")

Actor = Annotated[str, typer.Option(help="Name of the person who decides.")]
As = Annotated[Role, typer.Option(help="Their role.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the change.")]
Due = Annotated[str, typer.Option(help="Day of the next review, as in 2027-05-31; a year from now unless given.")]
SHOWN_PHRASINGS = 3
WITH_SOURCES = "sources"
"""Stands in the note of an import that kept the Markdown, too; an older one is made again."""


def _database() -> Database:
    return open_database(Settings.read())


def _drafts(settings: Settings, fixed: Fixed) -> list[Draft]:
    topics = files.read_drafts(settings.language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    return [*topics, *fixed.drafts(), *fixed.wordings()]


def import_changed() -> None:
    """Import, unless the store has had these very files before: at a start that saves seconds."""
    settings = Settings.read()
    note = settings.var_dir / "content.imported"
    digest = _digest(settings.data_dir)
    with open_database(settings).reading() as session:
        newest = record.newest(session)
    if note.is_file() and note.read_text().split() == [digest, str(newest), WITH_SOURCES] and newest:
        console.print("[green]✓[/] the vetted texts are up to date")
        return
    import_content()
    with open_database(settings).reading() as session:
        note.write_text(f"{digest} {record.newest(session)} {WITH_SOURCES}")


def _digest(folder: Path) -> str:
    """A hash of every file below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


@app.command("import")
def import_content() -> None:
    """Read all texts of the data folder into the store; a second time it changes nothing."""
    settings = Settings.read()
    with step("importing the vetted texts"):
        drafts = _drafts(settings, Fixed.load(settings))
        database = open_database(settings)
        with database.writing() as session:
            done = store.import_drafts(session, drafts, now=datetime.now(UTC))
        with database.reading() as session:
            catalogue = store.load_catalogue(session, mode=settings.mode, today=datetime.now(UTC).date())
        prepare(database, catalogue, Encoder(settings.models_dir / "encoder"))
    counts = f"{len(done.new)} new, {len(done.changed)} changed, {len(done.unchanged)} unchanged"
    console.print(f"  {len(drafts)} texts: {counts}")


@app.command()
def lint() -> None:
    """Check every text of the data folder, and print each text's reading ages and their medians."""
    settings = Settings.read()
    fixed = Fixed.load(settings)
    topics = files.read_topics(settings.language_dir)
    house = files.read_house(settings.language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    path = settings.language_dir / "glossary.yml"
    problems = linting.lint(topics, house)
    problems += glossary.lint(glossary.read(path), topics=[one.head.id for _, one in topics], path=path)
    words = linting.familiar(fixed.lexicon)
    for _, one in topics:
        measured = [readability.measure(str(text), known=words) for text in one.texts.values()]
        long = sum(len(each.long_sentences) for each in measured[:1])
        ages = ", ".join(str(each.age) for each in measured)
        console.print(f"{one.head.id}: reading age {ages}" + (f"; {long} long sentences in plain" if long else ""))
    for problem in problems:
        console.print(f"[red]{escape(str(problem))}[/]", soft_wrap=True)
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


@app.command()
def status() -> None:
    """List the newest revision of every text with its state, and how many are in each."""
    with _database().reading() as session:
        rows = record.list_latest(session)
    table = Table("id", "text", "revision", "kind", "state", "reviewed by", "due")
    for row in rows:
        due = str(row.review_due or "")
        table.add_row(
            str(row.revision_id), row.topic, str(row.revision), row.kind, row.state, row.reviewed_by or "", due
        )
    console.print(table)
    counts = ", ".join(f"{sum(row.state is state for row in rows)} {state}" for state in State)
    console.print(f"{len(rows)} texts: {counts}")


@app.command()
def move(revision_id: int, state: State, *, actor: Actor, role: As, due: Due = "", note: Reason = "") -> None:
    """Move a revision: draft, in_review, approved, withdrawn, retired."""
    day = _day(due) if due else None
    with _database().writing() as session:
        governance.move(
            session, revision_id, state, actor=actor, role=role, now=datetime.now(UTC), review_due=day, note=note
        )
    console.print(f"revision {revision_id} is {state}")


def _day(typed: str) -> date:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise typer.BadParameter(f"{typed!r} is not a date, as in 2027-05-31") from None
    if day <= datetime.now(UTC).date():
        raise typer.BadParameter("the next review must be due after today")
    return day


@app.command()
def comment(revision_id: int, text: str, actor: Actor) -> None:
    """Add a remark to a revision."""
    with _database().writing() as session:
        governance.comment(session, revision_id, text, actor=actor, now=datetime.now(UTC))
    console.print("noted")


@app.command("request-changes")
def request_changes(revision_id: int, text: str, actor: Actor, role: As) -> None:
    """Send a revision back to its author, with what should be changed."""
    with _database().writing() as session:
        governance.request_changes(session, revision_id, text, actor=actor, role=role, now=datetime.now(UTC))
    console.print(f"revision {revision_id} is a draft again")


@app.command()
def history(topic: str) -> None:
    """Everything that happened to a topic: its revisions, their moves, and the remarks."""
    with _database().reading() as session:
        rows = record.history(session, topic)
        if not rows:
            raise NotFound(f"no text {topic!r}")
        for number, state, actor, at, note in record.moves(session, topic):
            console.print(f"{at:%Y-%m-%d %H:%M}  revision {number}  {state}  by {actor}  {note}", markup=False)
        for row in rows:
            for one in governance.comments(session, row.revision_id):
                console.print(
                    f"{one.at:%Y-%m-%d %H:%M}  revision {row.revision}  {one.actor}: {one.text}", markup=False
                )


@app.command()
def diff(topic: str, before: int, after: int, level: Level = Level.PLAIN) -> None:
    """Show two revisions of a topic side by side."""
    with _database().reading() as session:
        old, new = (record.revision(session, topic, number) for number in (before, after))
    if old is None or new is None:
        raise NotFound(f"{topic} has no revision {before if old is None else after}")
    table = Table(f"revision {before}", f"revision {after}", title=f"{topic}, {level}", show_lines=True)
    for line in difference.side_by_side(old.draft.texts[level], new.draft.texts[level]):
        left, right = (escape(part) if part else "" for part in (line.before, line.after))
        if not line.same:
            left, right = (left and f"[red]- {left}[/]"), (right and f"[green]+ {right}[/]")
        table.add_row(left, right)
    console.print(table)


@app.command("roll-back")
def roll_back(topic: str, actor: Actor, role: As, note: Reason = "") -> None:
    """Go back to the approved revision before the newest; it is served at once."""
    with _database().writing() as session:
        gone, back = governance.roll_back(session, topic, actor=actor, role=role, now=datetime.now(UTC), note=note)
    console.print(f"{topic}: revision {gone} is retired, revision {back} is served")


@app.command()
def withdraw(topic: str, actor: Actor, role: As, note: Reason = "") -> None:
    """Hold a topic back at once; patients are told that it is being checked."""
    with _database().writing() as session:
        count = governance.withdraw(session, topic, actor=actor, role=role, now=datetime.now(UTC), note=note)
    console.print(f"{topic}: withdrawn ({count} of its revisions); its owner has a task")


@app.command()
def due() -> None:
    """Texts whose review is due within 90 days or past, and what their owners have to do."""
    today = datetime.now(UTC).date()
    with _database().reading() as session:
        found, tasks = governance.due(session, today=today), governance.open_tasks(session)
    table = Table("text", "revision", "reviewed by", "due", "days", "warning")
    for one in found:
        row = one.row
        table.add_row(
            row.topic, str(row.revision), row.reviewed_by or "", str(row.review_due), str(one.days), str(one.warning)
        )
    console.print(table if found else "No review is due within 90 days.")
    for task in tasks:
        console.print(
            f"task for {task.owner}: {task.topic} ({task.reason}, since {task.opened_at:%Y-%m-%d})", markup=False
        )


@app.command("gaps")
def list_gaps(
    draft: Annotated[int, typer.Option(help="Make a draft from the gap of this number.")] = 0,
    topic: Annotated[str, typer.Option(help="Id of the new topic.")] = "",
    author: Annotated[str, typer.Option(help="Who will write it.")] = "Axis editors",
) -> None:
    """Questions that found no answer, or were asked back, by meaning; the most asked first."""
    settings = Settings.read()
    database = _database()
    with database.reading() as session:
        unread = [one for one in questions.asked(session) if not one.vector]
    if unread:
        vectors = Encoder(settings.models_dir / "encoder").encode([one.text for one in unread])
        with database.writing() as session:
            questions.keep_vectors(session, {one.id: vectors[place] for place, one in enumerate(unread)})
    with database.reading() as session:
        groups = [one for one in gaps.by_meaning(questions.asked(session)) if not one.dismissed]
    if not groups:
        console.print("Every question has found its answer so far.")
        return
    if not draft:
        table = Table("number", "people", "kinds", "asked as")
        for number, one in enumerate(groups, start=1):
            kinds = ", ".join(f"{count} {kind}" for kind, count in one.kinds.items())
            table.add_row(str(number), str(one.people), kinds, escape("\n".join(one.texts[:SHOWN_PHRASINGS])))
        console.print(table)
        return
    if not 1 <= draft <= len(groups) or not topic:
        raise typer.BadParameter(f"--draft takes a number from 1 to {len(groups)}, and --topic names the new topic")
    path = settings.var_dir / "drafts" / f"{topic}.md"
    if path.exists():
        raise DataError("is there already", path=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date().isoformat()
    path.write_text(gaps.draft(groups[draft - 1], topic, author=author, today=today), encoding="utf-8")
    console.print(f"{path}: write the texts, then move it to {settings.language_dir / 'topics'}")


@app.command("export")
def export_pack(path: Path, name: Annotated[str, typer.Option(help="Name of your clinic or group.")]) -> None:
    """Write the approved texts as a signed pack; the key is made at the first time."""
    settings = Settings.read()
    key = settings.var_dir / "keys" / "pack.key"
    if not key.exists():
        _, public = packs.make_keys(key.parent)
        console.print(f"made a key pair; give {public} to those who shall read your packs, and keep {key} secret")
    with _database().reading() as session:
        texts = []
        for row in record.list_served(session):
            shown = record.show(session, row.revision_id)[1]
            day = str(row.review_due) if row.review_due else None
            texts.append(packs.Packed(shown, row.revision, row.reviewed_by or "", day))
    if not texts:
        raise DataError("nothing is approved yet; a pack holds approved texts only")
    path.write_bytes(packs.write(texts, name=name, language=settings.language, key=key, now=datetime.now(UTC)))
    console.print(f"{path}: {len(texts)} approved texts")


@app.command("import-pack")
def import_pack(
    path: Path,
    key: Annotated[Path, typer.Option(help="Public key of whom it comes from.")],
    actor: Actor,
) -> None:
    """Read the texts of a signed pack and submit them for review here."""
    pack = packs.read(path, key=key)
    now = datetime.now(UTC)
    with _database().writing() as session:
        done = store.import_drafts(session, pack.drafts, now=now)
        fresh = {*done.new, *done.changed}
        approvals = {entry.id: entry for entry in pack.manifest.texts}
        for row in record.list_latest(session):
            if row.topic in fresh:
                entry = approvals[row.topic]
                note = f"from the pack of {pack.manifest.name}, approved there by {entry.reviewed_by}"
                governance.move(
                    session, row.revision_id, State.IN_REVIEW, actor=actor, role=Role.ADMIN, now=now, note=note
                )
    console.print(f"{len(fresh)} texts are in review, {len(done.unchanged)} were here already")


def verify_all() -> None:
    """Replay every stored conversation against the revisions that its replies name; a fault ends it with 1."""
    settings = Settings.read()
    fixed = Fixed.load(settings)
    with step("replaying the stored conversations") as progress, _database().reading() as session:
        found = verify(session, fixed, mode=settings.mode, told=lambda done: progress.update(f"{done} replayed"))
        audit = staff_store.broken_audit(session)
    for fault in found.faults:
        console.print(f"[red]{escape(fault.where)}[/]: {escape(fault.what)}")
    for line in audit:
        console.print(f"[red]audit, line {line}[/]: it was changed after it was written")
    replayed = f"{found.conversations} conversations, {found.replies} replies, {found.unreviewed} from unapproved texts"
    console.print(f"{replayed}, {len(found.faults) + len(audit)} faults")
    raise typer.Exit(bool(found.faults or audit))
