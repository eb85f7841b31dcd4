"""A learner's working copy of the course: filled where something is missing, never overwritten.

Beside the notebooks lies a record of what was handed out, so that a notebook that the
course has improved since can be told from one that the learner has worked on.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
from pathlib import Path

RECORD = ".handed-out.json"  # which bytes were handed out under which name


def fill(course: Path, workspace: Path) -> list[Path]:
    """Copy what the course has and the workspace lacks; return the new files.

    A file that is there is left as it is, whatever it holds.
    """
    offered = offers(course)
    if workspace.resolve().is_relative_to(course.resolve()):
        raise ValueError(
            f"the working copy {str(workspace)!r} would lie inside the course it is copied "
            "from; choose a folder outside"
        )
    missing = [name for name in offered if not is_there(workspace / name)]
    if missing or not (workspace / RECORD).exists():  # by it, progress finds its place
        # The record comes first: an interrupted copy leaves a name without a file, which the
        # next call mends, never a file of unknown origin.
        new = {name: fingerprint(course / name) for name in missing}
        write_record(workspace, read_record(workspace) | new)
    return [copy(course / name, workspace / name) for name in missing]


def superseded(course: Path, workspace: Path) -> list[Path]:
    """The workspace's files of which the course now offers another version."""
    record = read_record(workspace)
    return [
        workspace / name
        for name in offers(course)
        if name in record
        and is_there(workspace / name)
        and fingerprint(course / name) not in (record[name], fingerprint(workspace / name))
    ]


def offers(course: Path) -> list[str]:
    """Names, below the course's folder, of all that it hands out; hidden files are not."""
    files = [path.relative_to(course) for path in sorted(course.rglob("*")) if path.is_file()]
    names = [f.as_posix() for f in files if not any(part.startswith(".") for part in f.parts)]
    if not any(name.endswith(".ipynb") for name in names):
        raise FileNotFoundError(
            f"there are no notebooks in {str(course)!r}; run `make course` to generate them"
        )
    return names


def copy(source: Path, target: Path) -> Path:
    """A copy that appears under its name only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.copyfile(source, partial)
    return partial.replace(target)


def is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a broken link is the learner's own, too


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def read_record(workspace: Path) -> dict[str, str]:
    """What was handed out; nothing where there is no record, or an unreadable one."""
    try:
        return dict(json.loads((workspace / RECORD).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # lost or edited: say nothing of updates
        return {}


def write_record(workspace: Path, record: dict[str, str]) -> None:
    write_whole(workspace / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")


def write_whole(path: Path, text: str, *, read_only: bool = False) -> None:
    """Write a file that appears under its name only when it is whole.

    Where that is not possible, as on a full disk, nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{os.getpid()}-{threading.get_ident()}"  # of several each has its own
    partial = path.with_name(f".{path.name}.{writer}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        if read_only:
            partial.chmod(0o444)
        partial.replace(path)
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
