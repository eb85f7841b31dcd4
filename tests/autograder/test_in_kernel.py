"""A real kernel, asked as JupyterLab asks it: cells with ids, a keyboard that may be asked."""

import time
from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.slow
REPORT = "application/vnd.steady-gradients.report+json"
FIRST = """
from autograder import mark, progress
from autograder.exercises import EXERCISES
progress.note = lambda *_: None
right = EXERCISES["gradients.depth_limit"].accepts[0]
"""
HEAD = "def depth_limit(weight, tol):\n    return "


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, cell, source, seconds=60):
    """What a cell shows, and how often it asked for input."""
    content = dict(code=source, silent=False, store_history=True, allow_stdin=True)
    message = client.session.msg("execute_request", content, metadata={"cellId": cell})
    client.shell_channel.send(message)
    shown, prompts, until = None, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            client.get_stdin_msg(timeout=0.01)
            prompts += 1
            client.input("3")
        except Empty:
            pass
        try:
            said = client.get_iopub_msg(timeout=0.1)
        except Empty:
            continue
        if said["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        shown = said["content"]["data"] if said["msg_type"] == "execute_result" else shown
        if said["content"].get("execution_state") == "idle":
            return shown, prompts
    raise TimeoutError(source)


@pytest.mark.parametrize(
    "asking",
    ["int(input('? '))", "int(ask('? '))", "int(getpass('? '))", "int(sys.stdin.readline())"],
)
def test_nobody_is_asked_for_input(kernel, asking):
    run(kernel, "first", FIRST + "import sys\nfrom getpass import getpass\nask = input")
    run(kernel, "a", HEAD + asking)
    shown, prompts = run(kernel, "marking", "mark(depth_limit)")
    assert prompts == 0
    assert shown[REPORT]["lead"].startswith("Your function asks for input.")
    _, prompts = run(kernel, "b", "input('? ')")  # afterwards it may be
    assert prompts == 1


def test_a_cell_with_a_syntax_error_is_known(kernel):
    run(kernel, "first", FIRST)
    run(kernel, "a", HEAD + "right(weight, tol)")
    shown, _ = run(kernel, "marking", "mark(depth_limit)")
    assert shown[REPORT]["score"] == 2
    run(kernel, "a", HEAD + "right(weight, tol))")
    shown, _ = run(kernel, "marking", "mark(depth_limit)")
    assert shown[REPORT]["score"] == 0
    assert "with a syntax error in line 2" in shown[REPORT]["lead"]
