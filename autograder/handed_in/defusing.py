"""What students write is read in other people's browsers and logs: nothing of it acts there.

nbgrader's pages and Formgrader hand text cells to the browser as they are, and pictures with
them.
"""

import base64
import binascii
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from nbformat import NotebookNode

ACTIVE = (  # what turns text into something else: each is broken by a space
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),  # HTML, in Markdown too
    (re.compile(r"&(?=#|[A-Za-z])"), "& "),  # a character in disguise
    (re.compile(r"\b(javascript|vbscript|data)[\s\\]*:(?=\S)", re.IGNORECASE), r"\1 :"),
)
HARMLESS = ("text/plain", "image/png", "image/jpeg")  # outputs that can hold no script
BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
LARGEST = 8 * 2**20  # bytes of one picture
WIDEST = 20_000  # pixels: a small file can ask a browser for a terabyte
EMBEDDED = 'src="data:image/png;base64,'
GONE = "*(A picture stood here that could not be kept: PNG and JPEG of up to 8 MiB are.)*"
LINK = re.compile(r"!\[[^\]\n]*\]\(\s*<?\s*attachment:([^)\n>]*)>?[^)\n]*\)")
REFERENCE = re.compile(r"attachment:([^\s)>\"']*)")

# Controls but for tab and line ends, marks that turn the direction of writing, half characters
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def seen(text: str) -> str:
    """A text in which every character can be seen: escape sequences become plain signs."""
    return UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))


def in_a_line(text: str) -> str:
    """The same on one line, for a log."""
    return " ".join(seen(text).split())


def as_it_is(text: str) -> str:
    """A text as Markdown that shows it literally, on one line."""
    return re.sub(r"([\\`*_\[\]<>&#|~$!:])", r"\\\1", in_a_line(text))


def defuse_text(nb: NotebookNode, released: Collection[str]) -> None:
    """Show HTML that a student put into a text cell as the text that it is."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.pop("attachments", None)
            continue
        if cell.source not in released:
            cell.source = seen(cell.source)
            for active, inert in ACTIVE:
                cell.source = active.sub(inert, cell.source)
        cell.metadata.pop("raw_mimetype", None)
        keep_pictures(cell)


def keep_pictures(cell: NotebookNode) -> None:
    """Keep PNG and JPEG, under names that need no quoting; drop all else with its link."""
    found = cell.pop("attachments", None)
    kept: dict[str, dict] = {}
    for name, data in found.items() if isinstance(found, dict) else ():
        if picture := _picture(data):
            plain = re.sub(r"[^A-Za-z0-9._-]", "-", str(name)) or "picture"
            while plain in kept:
                plain = f"1-{plain}"
            kept[plain] = picture
            for spelling in {quote(str(name)), str(name)}:
                cell.source = cell.source.replace(
                    f"attachment:{spelling}", f"attachment:{plain}"
                )
    cell.source = LINK.sub(
        lambda link: link[0] if link[1].partition(" ")[0] in kept else GONE, cell.source
    )
    cell.source = REFERENCE.sub(
        lambda link: link[0] if link[1] in kept else f"attachment : {link[1]}", cell.source
    )
    if kept:
        cell["attachments"] = kept


def _picture(data: Any) -> dict[str, str]:
    """The one form of an attachment that is what it says; nothing where there is none."""
    for kind, beginning in BEGINNINGS.items():
        text = data.get(kind) if isinstance(data, dict) else None
        text = "".join(map(str, text)) if isinstance(text, list) else text
        if not isinstance(text, str) or len(text) > LARGEST * 3 // 2:
            continue
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            continue
        if content.startswith(beginning) and len(content) <= LARGEST and _fits(kind, content):
            return {kind: base64.b64encode(content).decode()}
    return {}


def _fits(kind: str, content: bytes) -> bool:
    sides = [int.from_bytes(content[at : at + 4], "big") for at in (16, 20)]
    return kind != "image/png" or max(sides) <= WIDEST


def defuse_outputs(cell: NotebookNode) -> None:
    """Keep of a cell's outputs only what can hold no script, and what can be seen.

    A figure of `plots.show` is a picture inside HTML: the picture stays.
    """
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" not in data and isinstance(page := data.get("text/html"), str):
            data |= _picture({"image/png": page.partition(EMBEDDED)[2].partition('"')[0]})
            output["metadata"] = {"image/png": {"alt": seen(str(data.get("text/plain", "")))}}
        for mime in [mime for mime in data if mime not in HARMLESS]:
            del data[mime]
        if isinstance(output.get("text"), str):
            output["text"] = seen(output["text"])
        if isinstance(text := output.get("data", {}).get("text/plain"), str):
            output["data"]["text/plain"] = seen(text)
