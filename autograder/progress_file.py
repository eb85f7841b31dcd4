"""What a learner has done so far: one small file in the working copy, outliving the kernel.

`mark` and the predictions write it, grading never does.  It is found by the record that
`autograder.workspace` puts beside the notebooks; where there is none, as in a test or where
nbgrader runs, everything is remembered for the kernel's life only.  So it is in a solved
notebook, whose answers are not the learner's.  A file that is lost or damaged costs nothing
but itself: what can be read of it is used, and the next entry writes it anew.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from autograder.links import SOLVED
from autograder.workspace import RECORD

NAME = ".progress.json"
LARGEST = 2**20  # bytes: a whole course takes a hundredth of it, so a larger file is not ours
_unkept: dict[str, dict[str, Any]] = {}  # where there is no working copy


def working_copy(start: Path | None = None) -> Path | None:
    """The folder of the working copy that the kernel, or `start`, is in."""
    try:
        here = (start or Path.cwd()).resolve()
    except OSError:  # the kernel's folder was deleted
        return None
    found = next((each for each in (here, *here.parents) if (each / RECORD).is_file()), None)
    return None if found and here.is_relative_to(found / SOLVED) else found


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
    partial = folder / f"{NAME}.{os.getpid()}.partial"  # two chapters may be open
    try:
        partial.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / NAME)
    except (OSError, ValueError, RecursionError):
        with contextlib.suppress(OSError):
            partial.unlink()


def _read(start: Path | None) -> dict[str, Any]:
    folder = working_copy(start)
    if folder is None:
        return _unkept
    path = folder / NAME
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
