"""What to do with a page of JupyterLab, and what to look at there."""

import io
import os
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from tests.jupyter import Lab

ERRORS = (
    ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'],"
    ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
)
THEMES = ("Light", "Dark")
READY = """() => {
    const shown = window.jupyterapp.shell.currentWidget;
    return shown?.context?.isReady && shown.sessionContext?.isReady
        && shown.sessionContext.session?.kernel?.connectionStatus === 'connected'
}"""
# With a theme JupyterLab hides all of itself for a frame and shows a splash over it: until both
# are over, axe finds next to nothing to look at.
THEMED = """name => document.body.dataset.jpThemeName === name
    && !document.querySelector('#jupyterlab-splash')
    && document.querySelector('.jp-LabShell').checkVisibility()"""
# the least contrast of any text with what is behind it, by WCAG's formula
CONTRAST = """report => {
    const numbers = text => {  // of rgb(…), and of the color(srgb …) that a mixture becomes
        const found = (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
        return text.startsWith('color') ? found.map((c, k) => k < 3 ? 255 * c : c) : found;
    };
    const over = (top, below) => {
        const a = top[3] ?? 1;
        return [0, 1, 2].map(k => a * top[k] + (1 - a) * below[k]);
    };
    const behind = node => {
        const colours = [];
        for (let n = node; n; n = n.parentElement)
            colours.push(numbers(getComputedStyle(n).backgroundColor));
        return colours.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const light = colour => {
        const [r, g, b] = colour.map(c => c / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratios = [...report.querySelectorAll('*')]
        .filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
        .filter(n => n.checkVisibility())
        .map(n => {
            const back = behind(n), front = over(numbers(getComputedStyle(n).color), back);
            const [low, high] = [light(back), light(front)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        });
    return Math.min(...ratios);
}"""


def write(cells: list, path: Path) -> None:
    """A notebook of these cells; of code, where one is a text."""
    cells = [new_code_cell(each) if isinstance(each, str) else each for each in cells]
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": python}), path)


def open_notebook(page, lab: Lab, notebook: Path) -> None:
    """Show a notebook of the lab's folder, and wait until its kernel answers."""
    path = notebook.relative_to(lab.folder).as_posix()
    page.goto(f"{lab.address}/lab/tree/{path}?reset&token={lab.token}")
    page.wait_for_function("() => !!window.jupyterapp")
    page.evaluate("() => window.jupyterapp.restored")
    page.wait_for_function(READY)


def run(page, notebook: Path, mentioning: str | None = None) -> None:
    """Run all code cells; with `mentioning`, only those that import, or that mention it.

    That is enough for one explorer in a chapter whose exercises are not solved yet.
    """
    cells = nbformat.read(notebook, as_version=4).cells
    for number, cell in enumerate(cells):
        wanted = mentioning is None or mentioning in cell.source or _only_imports(cell.source)
        if cell.cell_type == "code" and wanted:
            run_cell(page, number)


def run_cell(page, number: int) -> None:
    """Run one cell, by its place in the notebook."""
    page.evaluate(
        """async number => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        number,
    )


def active_cell(page) -> int:
    """The place of the cell that JupyterLab's own keys would act on."""
    return page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")


def _only_imports(source: str) -> bool:
    """Whether a cell starts by importing: the chapters keep their imports in such cells."""
    return source.lstrip().startswith(("import ", "from ", "%matplotlib"))


def save(page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def close_notebook(page) -> None:
    """End the kernel of the notebook that is shown."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def reopen(page, lab: Lab, notebook: Path) -> None:
    """Save the notebook that is shown, end its kernel, and come back to it."""
    save(page)
    close_notebook(page)
    page.goto("about:blank")
    open_notebook(page, lab, notebook)


def without_files(page) -> None:
    """Fold away the list of files, so that a narrow page has room for its notebook."""
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")


def in_theme(page, theme: str) -> None:
    """Show everything in one of the THEMES."""
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
        f"JupyterLab {theme}",
    )
    page.wait_for_function(THEMED, arg=f"JupyterLab {theme}")


def errors(page) -> list[str]:
    """What is said by outputs that are errors or went to stderr, and by explorers' alerts."""
    shown = page.locator(f"{ERRORS}, pre[role=alert]")
    return [text for text in shown.all_inner_texts() if text.strip()]


def dead_widgets(page) -> list[str]:
    """What is seen of JupyterLab's words for a widget that no kernel knows."""
    failed = page.get_by_text("Error displaying widget")
    failed.first.wait_for(state="attached")  # it says so, though nobody may see it
    return [each.inner_text() for each in failed.all() if each.is_visible()]


def axe(page, context: str) -> list[str]:
    """What axe has to complain about: the rule and the element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    found = axe.Axe().run(page, context=context).response
    assert len(found["passes"]) > 3, "axe has looked at nothing"  # 3 pass on a hidden page
    return [
        f"{each['id']}: {node['html']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


SETTLED = """() => {
    const { src } = document.querySelector('img.picture'), now = performance.now();
    if (window.lastPicture?.src !== src) window.lastPicture = { src, since: now };
    return now - window.lastPicture.since > 1500;
}"""


def picture(page) -> str:
    """The address of the first explorer's picture, once it has stopped changing.

    Every drawing has an address of its own.
    """
    image = page.locator("img.picture").first
    image.wait_for()
    page.wait_for_function(SETTLED)
    return image.get_attribute("src")


def seen(element) -> np.ndarray:
    """An element as it is on the screen: rows of pixels, red, green and blue."""
    shown = Image.open(io.BytesIO(element.screenshot()))
    return np.asarray(shown.convert("RGB"), dtype=int)


def wait_for_new_picture(page, old: str) -> str:
    """The picture's address once it is another than `old`, and loaded."""
    page.wait_for_function(
        """old => { const image = document.querySelector('img.picture');
                    return image.src !== old && image.complete && image.naturalWidth > 0 }""",
        arg=old,
    )
    return picture(page)


def _row(page, label: str):
    return page.locator(".control").filter(has_text=label).first


def readout(page, label: str) -> str:
    """The number beside the slider with this label."""
    return _row(page, label).locator(".readout").text_content()


def slider(page, label: str):
    """The slider with this label, or the list to choose from."""
    control = _row(page, label).locator("input, select")
    control.scroll_into_view_if_needed()
    return control


def drag(page, control, pixels: float) -> None:
    """Drag a slider's handle sideways with the mouse, in ten moves."""
    box = control.bounding_box()
    share = control.evaluate("({ value, min, max }) => (value - min) / (max - min)")
    handle = 16  # pixels wide: its middle does not reach the ends
    x = box["x"] + handle / 2 + share * (box["width"] - handle)
    _drag_from(page, (x, box["y"] + box["height"] / 2), (pixels, 0))


def drag_by(page, element, x: float, y: float) -> None:
    """Drag an element by its middle, in ten moves."""
    _drag_from(page, middle(element), (x, y))


def middle(element) -> tuple[float, float]:
    box = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _drag_from(page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(*(at + step / 10 * way for at, way in zip(start, by, strict=True)))
    page.mouse.up()


def screenshot(page, name: str) -> None:
    """Keep a picture of the page in the folder $SCREENSHOTS, if that is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def foreign(requests: list[str]) -> list[str]:
    """Those addresses that are not on this machine."""
    here = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    return [address for address in requests if not address.startswith(here)]
