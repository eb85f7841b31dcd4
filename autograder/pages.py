"""Pages that show a submission, in feedback and in Formgrader: text, pictures and safe links.

nbconvert passes on whatever Markdown holds.  Here the finished HTML of every text cell is
read as a browser reads it, and only what is on a list stays.
"""

import html
import re
from urllib.parse import unquote

import bleach
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from autograder.handed_in.defusing import GONE, seen

TAGS = frozenset(
    """a abbr b blockquote br code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5
    h6 hr i img input kbd li ol p pre s samp small span strong sub summary sup table tbody td
    tfoot th thead tr u ul""".split()  # noqa: SIM905  (read as a sentence)
)
ATTRIBUTES = {
    "*": ["class", "id", "title", "align"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "input": ["type", "disabled", "checked"],  # of lists to tick off
    "ol": ["start"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan"],
}
UNSEEN_IN_LINKS = re.compile(r"[`\x00-\x20\x7f-\xa0\s\ufffd]+")  # browsers skip them, too
SCHEMES = ("http://", "https://", "mailto:")
PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")


class SafeRenderer(IPythonRenderer):
    """Markdown as nbconvert renders it, except that a missing picture is a sentence."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if not url.startswith("attachment:"):
            return super().image(text, url, title)
        for name in (url[11:], unquote(url[11:]), html.unescape(unquote(url[11:]))):
            data = self.attachments.get(name) if isinstance(self.attachments, dict) else None
            for kind in ("image/png", "image/jpeg") if isinstance(data, dict) else ():
                if isinstance(data.get(kind), str):
                    return super().image(text, f"data:{kind};base64,{data[kind]}", title)
        return f"<em>{GONE.strip('*')}</em>"


@pass_context
def safe_markdown(context, source: str) -> str:
    """The Markdown filter of our pages, in place of nbconvert's."""
    cell = context.get("cell") or {}
    renderer = SafeRenderer(
        escape=False, attachments=cell.get("attachments", {}), anchor_link_text="¶"
    )
    return clean(MarkdownWithMath(renderer=renderer).render(seen(source)))


def clean(page: str) -> str:
    """HTML without anything that acts: an unknown tag is shown as text."""
    return bleach.clean(
        page, tags=TAGS, attributes=_allowed, protocols=("http", "https", "mailto", "data")
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if name not in ATTRIBUTES["*"] and name not in ATTRIBUTES.get(tag, ()):
        return False
    if name not in ("href", "src"):
        return True
    if tag == "img" and value.startswith(PICTURES):
        return True
    scheme = re.match(r"[^/?#]*:", UNSEEN_IN_LINKS.sub("", _decoded(value)))
    return not scheme or value.lower().startswith(SCHEMES)


def _decoded(link: str) -> str:
    """A link as it would be if entities and percent signs were taken away twice."""
    for _ in range(2):
        link = html.unescape(unquote(link))
    return link


class Seen(Preprocessor):
    """Control characters of sources and outputs become plain signs before a page is made."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, _):
        cell.source = seen(cell.source)
        for output in cell.get("outputs", []):
            for part in (output, output.get("data", {})):
                for key in ("text", "text/plain", "text/html", "ename", "evalue"):
                    if isinstance(part.get(key), str):
                        part[key] = seen(part[key])
        return cell, resources
