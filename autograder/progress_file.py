"""What a learner has done so far: one small file in the working copy, outliving the kernel.

`mark` and the predictions write it, grading never does.  It is found by the record that
`autograder.workspace` puts beside the notebooks; where there is none, as in a test or where
nbgrader runs, everything is remembered for the kernel's life only.  So it is in a solved
notebook, whose answers are not the learner's, and in a folder that cannot be written to.  A
file that is lost or damaged costs nothing but itself: what can be read of it is used, and the
next entry writes it anew.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.links import SOLVED
from autograder.workspace import RECORD, write_whole

NAME = ".progress.json"
LARGEST = 2**20  # bytes: a whole course takes a hundredth of it, so a larger file is not ours
PATIENCE = 1.0  # seconds; a change takes milliseconds, so who holds the file longer is gone
GRADING = "NBGRADER_EXECUTION"  # set in the kernels that nbgrader starts, also to validate
_one_at_a_time = threading.Lock()  # JupyterLab may answer two clicks in two threads (subshells)
_unkept: dict[Path | None, dict[str, Any]] = {}  # what no file holds, by working copy


def working_copy(start: Path | None = None) -> Path | None:
    """The folder of the working copy that the kernel, or `start`, is in."""
    if GRADING in os.environ:
        return None
    try:
        here = (start or Path.cwd()).resolve()
        every = (here, *here.parents)
        found = next((each for each in every if (each / RECORD).is_file()), None)
    except OSError:  # the kernel's folder was deleted, or is shut
        return None
    return None if found and here.is_relative_to(found / SOLVED) else found


def recall(kind: str, start: Path | None = None) -> dict[str, Any]:
    """What is remembered of one kind, such as "marks", by key; empty where nothing is."""
    folder, everything = working_copy(start), {}
    with contextlib.suppress(OSError):
        everything = _read(folder)
    return _of(everything, kind) | _of(_unkept.get(folder, {}), kind)


def keep(kind: str, key: str, value: Any) -> None:
    """Remember a value, which JSON can hold, under a key of its kind, in place of an older one.

    A folder that cannot be written to is no reason to stop a lesson.
    """
    folder = working_copy()
    with _one_at_a_time:
        unkept = _unkept.setdefault(folder, {})
        unkept.setdefault(kind, {})[key] = value
        if folder is not None and _added(unkept, folder):
            del _unkept[folder]


def _added(new: dict[str, Any], folder: Path) -> bool:
    """Add to the file; whether that was possible.

    A file that is there and cannot be read just now is left as it is: it may hold a lot.
    """
    try:
        with _alone(folder):
            everything = _read(folder)
            everything |= {kind: _of(everything, kind) | new[kind] for kind in new}
            write_whole(folder / NAME, json.dumps(everything, indent=1) + "\n")
    except (OSError, ValueError, RecursionError):
        return False
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While this lasts no other kernel changes the file: two chapters may be open."""
    lock = folder / f"{NAME}.lock"
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
            break
        except FileExistsError:
            time.sleep(0.005)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()


def _of(everything: dict[str, Any], kind: str) -> dict[str, Any]:
    found = everything.get(kind)
    return dict(found) if isinstance(found, dict) else {}


def _read(folder: Path | None) -> dict[str, Any]:
    """What the file holds, as far as it is ours; raises OSError where it cannot be read."""
    if folder is None or not (path := folder / NAME).is_file():
        return {}
    if path.stat().st_size > LARGEST:
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
