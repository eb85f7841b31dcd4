"""What a learner has done so far: one small file in the working copy, outliving the kernel.

`mark` and the predictions write it, grading never does.  It is found by the record that
`autograder.workspace` puts beside the notebooks; where there is none, as in a solved notebook
or a test, everything is remembered for the kernel's life only.  A file that is lost or damaged
costs nothing but itself: what can be read of it is used, and the next entry writes it anew.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from autograder.workspace import RECORD

NAME = ".progress.json"
_unkept: dict[str, dict[str, Any]] = {}  # where there is no working copy


def working_copy(start: Path | None = None) -> Path | None:
    """The folder of the working copy that the kernel, or `start`, is in."""
    here = (start or Path.cwd()).resolve()
    return next((each for each in (here, *here.parents) if (each / RECORD).is_file()), None)


def recall(kind: str, start: Path | None = None) -> dict[str, Any]:
    """What is remembered of one kind, such as "marks", by key; empty where nothing is."""
    of = _read(start).get(kind)
    return dict(of) if isinstance(of, dict) else {}


def keep(kind: str, key: str, value: Any) -> None:
    """Remember a value, which JSON can hold, under a key of its kind, in place of an older one.

    A folder that cannot be written to is no reason to stop a lesson: nothing is kept there.
    """
    folder = working_copy()
    if folder is None:
        _unkept.setdefault(kind, {})[key] = value
        return
    everything = _read(None)
    everything[kind] = recall(kind) | {key: value}
    partial = folder / f"{NAME}.partial"
    with contextlib.suppress(OSError):
        partial.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / NAME)


def _read(start: Path | None) -> dict[str, Any]:
    folder = working_copy(start)
    if folder is None:
        return _unkept
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
