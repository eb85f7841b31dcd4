"""What students write acts nowhere: not in pages, not in logs."""

import base64

import bs4
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.handed_in.defusing import (
    GONE,
    LARGEST,
    as_it_is,
    defuse_outputs,
    defuse_text,
    in_a_line,
    keep_pictures,
    seen,
)
from autograder.pages import clean, safe_markdown

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01"
HUGE = PNG[:16] + b"\x7f\xff\xff\xff" * 2
JPEG = b"\xff\xd8\xff\xe0"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def pictured(source, attachments):
    cell = new_markdown_cell(source)
    cell["attachments"] = attachments
    keep_pictures(cell)
    return cell


def page(source, attachments=None) -> str:
    class Context(dict):
        pass

    cell = {"attachments": attachments} if attachments is not None else {}
    return safe_markdown(Context(cell=cell), source)


# ── Pictures ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("![x](attachment:image.png)", "image.png"),
        ("![x](attachment:my%20plot.png)", "my plot.png"),
        ("![x](<attachment:my plot.png>)", "my plot.png"),
        ("![x](attachment:a%28b%29.png)", "a(b).png"),
        ('![x](attachment:image.png "a title")', "image.png"),
        ("![x][1]\n\n[1]: attachment:image.png", "image.png"),
        ("![x](attachment:%C3%BC.png)", "ü.png"),
        ("![x](attachment:a[1].png)", "a[1].png"),
    ],
)
@pytest.mark.parametrize(("kind", "content"), [("image/png", PNG), ("image/jpeg", JPEG)])
def test_a_picture_is_kept_however_it_is_named(link, name, kind, content):
    cell = pictured(link, {name: {kind: encoded(content)}})
    shown = bs4.BeautifulSoup(page(cell.source, cell.attachments), "html.parser")
    assert [tag["src"] for tag in shown("img")] == [f"data:{kind};base64,{encoded(content)}"]


@pytest.mark.parametrize(
    "attachments",
    [
        None, [], "x", 3, {}, {"other.png": {"image/png": encoded(PNG)}},
        {"image.png": None}, {"image.png": []}, {"image.png": {"image/png": 3}},
        {"image.png": {"image/png": "no base64"}}, {"image.png": {"image/png": ""}},
        {"image.png": {"image/png": encoded(b"<svg>")}},
        {"image.png": {"image/png": encoded(JPEG)}},
        {"image.png": {"image/png": encoded(HUGE)}},
        {"image.png": {"image/svg+xml": "<svg/>"}},
        {"image.png": {"text/html": "<script>"}},
        {"image.png": {"image/png": encoded(PNG + b"\0" * LARGEST)}},
    ],
    ids=lambda value: repr(value)[:60],
)  # fmt: skip
@pytest.mark.parametrize(
    "link", ["![x](attachment:image.png)", "![x][1]\n\n[1]: attachment:image.png",
             "![x](attachment:image.png 'title')", "![x](<attachment:image.png>)"]
)  # fmt: skip
def test_what_is_no_picture_goes_with_its_link(attachments, link):
    cell = pictured(f"before {link}", attachments)
    assert "image.png" not in cell.get("attachments", {})
    shown = bs4.BeautifulSoup(page(cell.source, cell.get("attachments")), "html.parser")
    assert not [tag for tag in shown("img") if tag["src"].startswith("attachment:")]
    assert "before" in shown.get_text()


def test_the_link_becomes_a_sentence():
    assert pictured("a ![x](attachment:b.png) c", {}).source == f"a {GONE} c"


def test_two_names_that_would_be_one_stay_two():
    cell = pictured(
        "![x](attachment:a%20b.png) ![x](attachment:a-b.png)",
        {name: {"image/png": encoded(PNG)} for name in ("a b.png", "a-b.png")},
    )
    assert len(cell.attachments) == 2


@pytest.mark.parametrize(
    "attachments", [{}, [], None, {"a.png": 3}, {"a.png": {"image/png": 3}}], ids=repr
)
def test_a_page_without_its_picture_is_made_all_the_same(attachments):
    assert "A picture stood here" in page("![x](attachment:a.png)", attachments)


# ── Links and HTML ──────────────────────────────────────────────────────────────────

SCHEMES = [
    "javascript:x", "JaVaScRiPt:x", "java\tscript:x", "java\nscript:x", "\x01javascript:x",
    "&#x6a;avascript:x", "&#106avascript:x", "javascript&colon;x", "java&Tab;script:x",
    "java&NewLine;script:x", "vbscript:x", "data:text/html,x", "data:image/svg+xml,x",
    "&#100;ata:text/html,x", "d&#x61;ta:image/svg+xml;base64,x", "file:///x",
    "\u00a0javascript:x",
    "data:image/png;base64,AA", "blob:x", "java\x00script:x", "java&#0;script:x",
]  # fmt: skip


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "form", ["[a]({})", "<{}>", "[a][1]\n\n[1]: {}", "[a](<{}>)", '<a href="{}">a</a>',
             "<a href={}>a</a>", '<a xlink:href="{}">a</a>', '<area href="{}">', "{}"]
)  # fmt: skip
def test_no_link_runs_anything(form, scheme):
    for tag in bs4.BeautifulSoup(page(form.format(scheme)), "html.parser").find_all(True):
        for name in ("href", "xlink:href"):
            link = "".join(c for c in tag.get(name, "") if c > " ").lower()
            assert ":" not in link.partition("/")[0] or link.startswith(("http", "mailto"))


@pytest.mark.parametrize(
    "source",
    [
        "<script>x</script>", "<img src=x onerror=x>", "<svg/onload=x>", "<iframe srcdoc=x>",
        "<b onclick=x>b</b>", "<p style='position:fixed'>x", "<style>x</style>",
        "<form><input>",
        "```\n</pre><script>x</script>\n```", "```mermaid\n<img src=x onerror=x>\n```",
        "$<img src=x onerror=x>$", "<!--><img src=x onerror=x>-->", "<object data=x>",
        "<base href=x>",
        "<math><mtext><table><mglyph><style><img src=x onerror=x></style></mglyph></table>"
        "</mtext></math>", "<a\nhref=javascript:x\n>a",
        "<meta http-equiv=refresh content='0;x'>",
        "# <img src=x onerror=x>", "| a |\n|---|\n| <img src=x onerror=x> |",
        "<svg><a xlink:href=x>",
    ],
)  # fmt: skip
def test_no_tag_runs_anything(source):
    for tag in bs4.BeautifulSoup(page(source), "html.parser").find_all(True):
        assert tag.name not in (
            "script", "iframe", "style", "svg", "object", "base", "meta", "form",
        )  # fmt: skip
        assert not [name for name in tag.attrs if name.startswith("on") or name == "style"]


def test_the_texts_of_the_course_look_as_they_did():
    """Our own chapters pass through the same filter."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    from autograder.notebook import chapters
    from autograder.preprocessors import released_cells

    for name in (chapter.stem for chapter in chapters()):
        for cell in released_cells(name, name):
            if cell.cell_type == "markdown":
                theirs, ours = (
                    bs4.BeautifulSoup(made, "html.parser")
                    for made in (markdown2html_mistune(cell.source), page(cell.source))
                )
                assert ours.get_text() == theirs.get_text()
                assert len(ours.find_all(True)) == len(theirs.find_all(True)), cell.source[:200]


def test_plain_links_and_pictures_stay():
    source = "[a](https://x.org/a?b=c&d) <https://x.org> [b](#top) ![c](d.png)"
    shown = bs4.BeautifulSoup(page(source), "html.parser")
    links = ["https://x.org/a?b=c&d", "https://x.org", "#top"]
    assert [tag["href"] for tag in shown("a")] == links
    assert shown.img["src"] == "d.png"
    assert clean("<b>b</b>") == "<b>b</b>"


# ── What cannot be seen ─────────────────────────────────────────────────────────────

HIDDEN = "a\x00b\x1b[31mc\x9bd\u202ee\u2066f\x07g\u2028h\ud800i\x7fj"


def test_control_characters_become_signs():
    assert seen(HIDDEN).replace("\ufffd", "?") == "a?b?[31mc?d?e?f?g?h?i?j"
    assert seen("a\tb\nc\r\nd ü 日本 \u200f") == "a\tb\nc\nd ü 日本 \u200f"
    assert in_a_line("a\nb\x1bc\td") == "a b\ufffdc d"


def test_texts_and_outputs_hold_none():
    nb = new_notebook(cells=[new_markdown_cell(HIDDEN)])
    defuse_text(nb, set())
    code = new_code_cell("x")
    code.outputs = [
        new_output("stream", text=HIDDEN),
        new_output("execute_result", {"text/plain": HIDDEN, "text/html": "<b>"}),
    ]
    defuse_outputs(code)
    assert "text/html" not in code.outputs[1].data
    for text in (nb.cells[0].source, code.outputs[0].text, code.outputs[1].data["text/plain"]):
        assert not set(text) & set("\x00\x1b\x9b\u202e\u2066\ud800")


@pytest.mark.parametrize(("content", "stays"), [(PNG, True), (b"<svg>", False), (b"", False)])
def test_of_a_figure_in_html_the_picture_stays(content, stays):
    page = f'<figure onclick="x"><img alt="a" src="data:image/png;base64,{encoded(content)}">'
    code = new_code_cell("x")
    code.outputs = [new_output("display_data", {"text/html": page, "text/plain": "a"})]
    defuse_outputs(code)
    kept = {"text/plain": "a"} | ({"image/png": encoded(content)} if stays else {})
    assert code.outputs[0].data == kept
    assert code.outputs[0].metadata["image/png"]["alt"] == "a"


def test_a_note_shows_what_it_quotes():
    hostile = "<b>`x`</b> [a](javascript:x) **b** | &amp; $x$\n# c"
    shown = bs4.BeautifulSoup(page(f"- {as_it_is(hostile)}"), "html.parser")
    assert shown.get_text().strip() == " ".join(hostile.split())
    assert not shown.find(["a", "b"])
