"""Files that lie beside a notebook: which of them nbgrader must not copy, and the time."""

import os
from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.handed_in.defusing import seen
from autograder.handed_in.files import UnreadableError, content, link_on_the_way, regular

MOST_FILES = 1000


def odd_files(folder: Path) -> list[tuple[str, str]]:
    """Names of files that nbgrader must not copy, and why; "*" for all of them."""
    if linked := link_on_the_way(folder):
        return [("*", f"{linked} is a link, which is not followed")]
    found, seen_files = [], 0
    for place, folders, files in os.walk(folder):
        for name in (*files, *folders):
            seen_files += 1
            if seen_files > MOST_FILES:
                return [("*", f"there are over {MOST_FILES} files")]
            path = Path(place, name)
            if name.lower().endswith(".ipynb") and path.parent == folder:
                continue  # notebooks are read, not copied
            if why := _odd(path, name in folders):
                found.append((name, why))
    return found


def _odd(path: Path, is_folder: bool) -> str:
    if seen(path.name) != path.name or "\n" in path.name:
        return "its name cannot be shown"
    if path.name.lower().endswith((".html", ".htm")):
        return "pages are named so that feedback writes itself"
    if is_folder:
        return ""  # a link to a folder is not followed
    try:
        found = regular(path)
    except UnreadableError as error:
        return f"it {error}"
    if found.st_nlink > 1:
        return "it is one file with another"
    return "" if os.access(path, os.R_OK) else "it cannot be opened"


def stamp(folder: Path) -> datetime | None:
    """The time in a folder's timestamp.txt; None where there is no such file."""
    path = folder / "timestamp.txt"
    if not os.path.lexists(path):
        return None
    text = content(path, 1000).decode("utf-8", "replace").strip("\ufeff \r\n\t")
    try:
        return parse_utc(text)
    except Exception as error:  # dateutil's own kinds, overflow, attributes of None
        raise UnreadableError("holds no time that can be read") from error
