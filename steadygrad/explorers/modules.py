"""Scripts of a widget as the one module that it may have."""

from pathlib import Path

ELEMENTS = Path(__file__).with_name("elements.js")


def module(*files: Path) -> str:
    """One ES module of several files; it could import others only from a server."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
