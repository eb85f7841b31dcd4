"""Notebooks of our own beside the chapters: front page, glossary, solved notebooks.

They are written and replaced by us alone, and read-only.  Plain dicts: a kernel that marks
need not load nbformat for them.
"""

import json
import platform
from pathlib import Path
from typing import Any

from autograder.workspace import write_whole

OURS = "steady_gradients"  # in a notebook's metadata: which of our pages it is
PYTHON = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def text_cell(source: str, cell_id: str | None = None) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id or "", "metadata": {}, "source": source}


def _language() -> dict[str, Any]:
    """What this Python's kernel says of itself: then JupyterLab finds nothing to change."""
    return {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": platform.python_version(),
    }


def notebook(cells: list[dict[str, Any]], page: str) -> dict[str, Any]:
    """A notebook as a plain dict; cells without an id are numbered."""
    for number, cell in enumerate(cells):
        cell["id"] = cell["id"] or f"{page.replace(' ', '-')}-{number:03d}"
    metadata = {OURS: page, "kernelspec": PYTHON, "language_info": _language()}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def put(page: dict[str, Any], path: Path) -> bool:
    """Write one of them; whether it was written.  What somebody else wrote there stays."""
    text = json.dumps(page, indent=1, ensure_ascii=False) + "\n"
    if path.exists() or path.is_symlink():
        found = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        if found == text or f'"{OURS}": "{page["metadata"][OURS]}"' not in found:
            return False
        path.chmod(0o644)  # Windows replaces nothing that is read-only
    write_whole(path, text, read_only=True)
    return True
