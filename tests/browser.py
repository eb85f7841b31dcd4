"""JupyterLab in a headless Chromium: a server of its own, a page, and what to do there.

Nothing here leaves the machine: the server listens on 127.0.0.1 only, and every address
that the page asks for is kept in `requests`, for a test to look through.
"""

import base64
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
from PIL import Image

ARGUMENTS = [  # no sandbox: as root Chromium refuses to start with one; the rest: silence
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
SETTINGS = {  # no news from the network; cells that are out of view are there all the same
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "defer"},
}
ERRORS = (
    ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'],"
    ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
)
READY = """() => {
    const shown = window.jupyterapp.shell.currentWidget;
    return shown?.context?.isReady && shown.sessionContext?.isReady
        && shown.sessionContext.session?.kernel?.connectionStatus === 'connected'
}"""


class Lab(NamedTuple):
    """A running JupyterLab: where, its token, and the folder it shows."""

    address: str
    token: str
    folder: Path


@contextmanager
def jupyterlab(folder: Path, home: Path) -> Iterator[Lab]:
    """JupyterLab on `folder`, with all settings under `home`, ended by its own process."""
    settings = home / "settings"
    settings.mkdir(parents=True)
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    token, port = secrets.token_hex(16), _free_port()
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {place: str(home / place.lower()) for place in places}
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": folder,
        "LabApp.expose_app_in_browser": True,
        "LabApp.extension_manager": "readonly",
        "LabApp.app_settings_dir": settings,
        "LabServerApp.workspaces_dir": home / "workspaces",
    }
    command = [sys.executable, "-m", "jupyter", "lab"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            command,
            env=environment | {"JUPYTER_TOKEN": token},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/api/status?token={token}", server, home / "log")
            yield Lab(address, token, folder)
        finally:
            server.terminate()  # it ends its kernels first
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(address: str, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever is set
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            direct.open(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)  # there is nothing to wait on but the server's own start
    raise RuntimeError(f"JupyterLab did not start; its log ends:\n{log.read_text()[-2000:]}")


@contextmanager
def browser_page(requests: list[str], scale: float = 1) -> Iterator:
    """A page of a headless Chromium; the addresses it asks for are appended to `requests`.

    `scale` is how many of the screen's pixels one of the page's has.
    """
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: no browser can be driven."
    )
    with playwright.sync_playwright() as api:
        own = api.chromium.executable_path
        names = ("chromium", "chromium-browser", "google-chrome")
        found = [path for path in map(shutil.which, names) if path]
        program = next(
            (p for p in ["/usr/bin/chromium", *found, own] if Path(p).exists()), None
        )
        if program is None:
            pytest.skip(
                "There is no Chromium: install one, or run `playwright install chromium`."
            )
        browser = api.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": 1280, "height": 900}, device_scale_factor=scale
        )
        page.set_default_timeout(90_000)
        page.on("request", lambda request: requests.append(request.url))
        try:
            yield page
        finally:
            browser.close()


# ── What to do with a page ──────────────────────────────────────────────────────────


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
            page.evaluate(
                """async number => {
                    window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
                    await window.jupyterapp.commands.execute('notebook:run-cell');
                }""",
                number,
            )


def _only_imports(source: str) -> bool:
    """Whether a cell starts by importing: the chapters keep their imports in such cells."""
    return source.lstrip().startswith(("import ", "from ", "%matplotlib"))


def close_notebook(page) -> None:
    """End the kernel of the notebook that is shown."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def errors(page) -> list[str]:
    """What is said by outputs that are errors or went to stderr, and by explorers' alerts."""
    shown = page.locator(f"{ERRORS}, pre[role=alert]")
    return [text for text in shown.all_inner_texts() if text.strip()]


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


def pixels(page) -> np.ndarray:
    """The first explorer's picture itself, once it has stopped changing."""
    encoded = page.evaluate(
        """async address => {
            const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
            return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
        }""",
        picture(page),
    )
    return decoded(base64.b64decode(encoded))


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


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
    y = box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + pixels * step / 10, y)
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
