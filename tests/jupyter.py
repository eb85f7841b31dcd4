"""JupyterLab and a headless Chromium: a server of its own, and a page.

Nothing here leaves the machine: the server listens on 127.0.0.1 only, and every address
that the page asks for is kept in `requests`, for a test to look through.
"""

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

import pytest

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
