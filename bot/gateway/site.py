"""The demonstration clinic's page and the widget's files, with the headers that keep everything else out."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

WIDGET = Path(__file__).resolve().parent.parent / "widget"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
    "Vary": "Origin",
}
TYPES = {".js": "text/javascript", ".css": "text/css"}

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> FileResponse:
    """The demonstration page."""
    return FileResponse(WIDGET / "demo.html", media_type="text/html", headers=HEADERS)


@router.get("/widget/{name}")
def widget(name: str) -> FileResponse:
    """A file of the widget: a script or a style sheet, nothing else."""
    path = WIDGET / name
    if path.parent != WIDGET or path.suffix not in TYPES or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=TYPES[path.suffix], headers=HEADERS)
