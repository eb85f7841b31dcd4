"""Screen and keyboard of a submission: whatever a terminal's streams can do costs nothing."""

import io
import logging
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from autograder.calling.attempt import attempt
from autograder.calling.outcome import NO_INPUT
from autograder.calling.streams import nowhere


def reconfigured():
    sys.stdout.reconfigure(line_buffering=True, encoding="ascii")
    print("x")


def replaced():
    sys.stdout = sys.stderr = io.StringIO()
    print("x")


def wrapped():
    sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="latin-1")
    print("x")


def logged():
    logging.getLogger("mine").addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger("mine").warning("x")


def closed():
    sys.stdout.close()
    sys.stdout.buffer.close()
    sys.stdout.buffer.raw.close()
    os.close(sys.stdout.fileno())
    print("x")


def later():
    thread = threading.Thread(target=print, args=("x",))
    thread.start()
    thread.join()


def counted():
    assert sys.stdout.write("four") == 4
    assert sys.stdout.buffer.write(b"six") == 3


PRINTS = {
    "print": lambda: print("x", flush=True),
    "bytes": lambda: sys.stdout.buffer.write(b"x"),
    "raw bytes": lambda: sys.stdout.buffer.raw.write(b"x"),
    "lines": lambda: sys.stdout.writelines(["x\n", "y\n"]),
    "half a character": lambda: print("\ud800"),
    "error stream": lambda: sys.stderr.buffer.write(b"x"),
    "reconfigured": reconfigured,
    "replaced": replaced,
    "wrapped": wrapped,
    "logged": logged,
    "closed": closed,
    "another thread": later,
    "counted": counted,
    "the first screen": lambda: sys.__stdout__.write(""),
    "descriptor": lambda: os.write(sys.stdout.fileno(), b"x"),
    "child": lambda: subprocess.run(["echo", "x"], stdout=sys.stdout, check=True),
    "child of its own": lambda: subprocess.run(["true"], check=True),
    "display hook": lambda: sys.displayhook(3),
}


@pytest.mark.parametrize("show", PRINTS.values(), ids=PRINTS)
def test_printing_costs_nothing_in_whatever_way_it_is_done(show, capsys):
    def submission():
        show()
        return 3

    streams = sys.stdout, sys.stderr, sys.stdin
    for _ in range(2):
        outcome = attempt(submission, {})
        assert (outcome.failure, outcome.result, outcome.error) == (None, 3, "")
    assert (sys.stdout, sys.stderr, sys.stdin) == streams
    assert capsys.readouterr() == ("", "")


def asked_of(stream):
    return {
        "encoding": stream.encoding.lower(),
        "errors": type(stream.errors) is str,
        "terminal": stream.isatty(),
        "name": stream.name,
        "mode": stream.mode,
        "line buffering": stream.line_buffering,
        "descriptor": os.fstat(stream.fileno()) is not None,
        "closed": stream.closed,
        "inner": (stream.buffer.name, stream.buffer.mode, stream.buffer.raw.fileno() >= 0),
        "able": (stream.readable(), stream.writable(), stream.seekable()),
    }


def test_the_streams_answer_what_a_terminals_do():
    out, err, keyboard = attempt(
        lambda: [asked_of(each) for each in (sys.stdout, sys.stderr, sys.stdin)], {}
    ).result
    assert (out["name"], err["name"], keyboard["name"]) == ("<stdout>", "<stderr>", "<stdin>")
    assert out["able"] == (False, True, False)
    assert keyboard["able"] == (True, False, False)
    assert (out["encoding"], out["mode"], keyboard["mode"]) == ("utf-8", "w", "r")
    assert not any(each["terminal"] or each["closed"] for each in (out, err, keyboard))


def test_bytes_are_no_text_as_ever():
    outcome = attempt(lambda: sys.stdout.write(b"x"), {})
    assert outcome.failure == ("raised", "TypeError")


def test_what_was_printed_as_bytes_is_quoted_too():
    outcome = attempt(lambda: sys.stdout.buffer.write("é".encode()), {})
    assert "It printed 'é'." in outcome.remarks[0]


@pytest.mark.parametrize("stream", ["stdout", "stdout.buffer", "stderr.buffer.raw"])
def test_a_flood_of_any_kind_fills_no_memory(stream):
    def submission():
        to = eval(f"sys.{stream}")
        for _ in range(2000):
            to.write("x" * 10_000 if stream == "stdout" else b"x" * 10_000)

    assert sum(map(len, attempt(submission, {}).remarks)) < 400


def test_asking_for_input_is_explained():
    outcome = attempt(lambda: float(input("x? ")), {})
    assert outcome == NO_INPUT
    assert "nobody sits at a keyboard" in outcome.error


def test_a_kernel_does_not_ask_either_by_whatever_name(monkeypatch):
    class Kernel:
        stdin_socket = SimpleNamespace(send_multipart=lambda _prompt: "asked")

        def raw_input(self, prompt=""):
            return self.stdin_socket.send_multipart(prompt)

    kernel = Kernel()
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    assert attempt(kernel.raw_input, {}) == NO_INPUT
    assert kernel.raw_input() == "asked"


def test_an_editor_that_cannot_ask_changes_nothing():
    class StdinNotImplementedError(NotImplementedError):
        pass

    def submission():
        raise StdinNotImplementedError("this frontend does not support input requests")

    assert attempt(submission, {}) == NO_INPUT


@pytest.mark.parametrize("read", ["read", "readline", "readlines"])
def test_reading_comes_to_an_end_and_is_remarked(read):
    outcome = attempt(lambda: len(getattr(sys.stdin, read)()), {})
    assert outcome.result == 0
    assert "nobody sits at a keyboard" in outcome.remarks[0]


def test_input_is_the_notebooks_own_again_afterwards(monkeypatch):
    mine = lambda prompt="": "typed"  # noqa: E731
    monkeypatch.setattr("builtins.input", mine)
    assert attempt(lambda: input(), {}) == NO_INPUT
    assert input is mine


def test_the_way_to_nowhere_is_opened_again_when_someone_has_closed_it():
    first = nowhere()
    assert nowhere() == first
    os.close(first)
    taken = os.open(__file__, os.O_RDONLY)
    assert not os.path.sameopenfile(nowhere(), taken)
    os.close(taken)
