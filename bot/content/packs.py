"""Packs: approved texts of one clinic as a signed file that another can import.

A pack is a zip of `manifest.json`, `manifest.sig` (Ed25519 over the manifest's bytes, by the `cryptography` library)
and one JSON document for each text, whose SHA-256 the manifest names. A text that is imported is submitted for review:
whose approval counts is for the clinic that serves it.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.content.store import Draft, canonical
from bot.content.topic import sha256
from bot.errors import DataError

FORMAT = 1
LARGEST = 64 * 1024 * 1024
"""Bytes that a pack may have once it is unpacked; a small file that grows without end is refused."""


class Entry(BaseModel):
    """One text of a pack, with the approval that it had where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    revision: int
    sha256: str
    reviewed_by: str
    review_due: str | None


class Manifest(BaseModel):
    """What a pack says about itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: int
    name: str
    language: str
    made_at: str
    texts: list[Entry]


@dataclass(frozen=True, slots=True)
class Packed:
    """A text on its way into a pack."""

    draft: Draft
    revision: int
    reviewed_by: str
    review_due: str | None


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack whose signature and hashes were checked."""

    manifest: Manifest
    drafts: tuple[Draft, ...]


def make_keys(folder: Path) -> tuple[Path, Path]:
    """Make a key pair for a clinic: `pack.key`, to be kept secret, and `pack.pub`, to be given to others.

    Raises:
        DataError: there is a key already.
    """
    private, public = folder / "pack.key", folder / "pack.pub"
    if private.exists():
        raise DataError("there is a key already; with a new one others could not read your packs", path=private)
    folder.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def write(texts: Sequence[Packed], *, name: str, language: str, key: Path, now: datetime) -> bytes:
    """A pack of these texts.

    Args:
        texts: approved texts.
        name: of the clinic or group.
        language: such as en.
        key: the private key's file.
        now: the present instant.

    Raises:
        DataError: the key cannot be read.
    """
    documents = {one.draft.id: canonical(one.draft.document()) for one in texts}
    entries = [
        Entry(
            id=one.draft.id, revision=one.revision, sha256=sha256(documents[one.draft.id]),
            reviewed_by=one.reviewed_by, review_due=one.review_due,
        )
        for one in texts
    ]  # fmt: skip
    manifest = Manifest(format=FORMAT, name=name, language=language, made_at=now.isoformat(), texts=entries)
    body = json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1, sort_keys=True).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("manifest.json", body)
        pack.writestr("manifest.sig", _private(key).sign(body))
        for topic, document in documents.items():
            pack.writestr(f"texts/{topic.replace(':', '_')}.json", document)
    return made.getvalue()


def read(path: Path, *, key: Path) -> Pack:
    """Open a pack and check it.

    Args:
        path: the pack.
        key: the public key of whom it should come from.

    Raises:
        DataError: it is no pack, comes from somebody else, or was changed; nothing of it may be used then.
    """
    try:
        with zipfile.ZipFile(path) as pack:
            if sum(one.file_size for one in pack.infolist()) > LARGEST:
                raise DataError("is too large for a pack", path=path)
            body, signature = pack.read("manifest.json"), pack.read("manifest.sig")
            _public(key).verify(signature, body)
            manifest = Manifest.model_validate_json(body)
            drafts = [_draft(pack, entry, path=path) for entry in manifest.texts]
    except InvalidSignature:
        raise DataError("was not signed with this key, or was changed since", path=path) from None
    except (OSError, KeyError, zipfile.BadZipFile, ValidationError, ValueError) as error:
        raise DataError(f"is not a pack ({type(error).__name__})", path=path) from None
    if manifest.format != FORMAT:
        raise DataError(f"has format {manifest.format}; this version reads {FORMAT}", path=path)
    return Pack(manifest, tuple(drafts))


def _draft(pack: zipfile.ZipFile, entry: Entry, *, path: Path) -> Draft:
    document = pack.read(f"texts/{entry.id.replace(':', '_')}.json").decode()
    if sha256(document) != entry.sha256:
        raise DataError(f"the text {entry.id} is not the one that was signed", path=path)
    values: dict[str, Any] = json.loads(document)
    return TypeAdapter(Draft).validate_python(values)


def _private(path: Path) -> Ed25519PrivateKey:
    key = _load(path, lambda body: serialization.load_pem_private_key(body, password=None))
    if not isinstance(key, Ed25519PrivateKey):
        raise DataError("is no Ed25519 private key", path=path)
    return key


def _public(path: Path) -> Ed25519PublicKey:
    key = _load(path, serialization.load_pem_public_key)
    if not isinstance(key, Ed25519PublicKey):
        raise DataError("is no Ed25519 public key", path=path)
    return key


def _load(path: Path, read_key: Any) -> Any:
    try:
        return read_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"is no key that can be read ({type(error).__name__})", path=path) from None
