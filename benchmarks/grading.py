"""How long one submission takes to grade: our preprocessor against nbgrader's own.

The submission is chapter 1, solved.  nbgrader's `Execute` runs the whole notebook in a new
kernel, demonstrations and all, and its marking cells grade there.  `ExecuteApart` runs what the
student wrote in a worker and judges outside.  The two take turns within one run, so that a busy
machine slows both; each must give full marks.

    python benchmarks/grading.py [rounds]
"""

import copy
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import nbformat
import nbgrader
import torch
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade, is_grade, is_solution
from turns import take_turns

from autograder.preprocessors import ExecuteApart

CHAPTER = "01_gradients"
NOTEBOOK = Path(__file__).parents[1] / "solutions" / CHAPTER / f"{CHAPTER}.ipynb"
# nbgrader's own argument, and one that keeps the kernel's warnings out of the progress bar
QUIET = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"]


def grade_with(preprocessor: Execute, solved: NotebookNode) -> None:
    """Grade a fresh copy in an empty folder, as `nbgrader autograde` does; no database."""
    with tempfile.TemporaryDirectory() as folder:
        where = dict(student="someone", assignment=CHAPTER, notebook=CHAPTER, db_url="")
        resources = {"nbgrader": where, "metadata": {"path": folder}}
        graded, _ = preprocessor.preprocess(copy.deepcopy(solved), resources)
    marks = [determine_grade(cell) for cell in graded.cells if is_automatic(cell)]
    assert marks, "there is nothing to grade"
    assert all(score == full for score, full in marks), f"a right answer lost points: {marks}"


def is_automatic(cell: NotebookNode) -> bool:
    return is_grade(cell) and not is_solution(cell) and cell.cell_type == "code"


def main(rounds: int) -> None:
    os.environ["NBGRADER_EXECUTION"] = "autograde"  # as nbgrader sets it
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core each, as our worker takes
    solved = nbformat.read(NOTEBOOK, as_version=4)
    peers = {
        "nbgrader's Execute": lambda _: grade_with(Execute(extra_arguments=QUIET), solved),
        "ExecuteApart": lambda _: grade_with(ExecuteApart(secret="any"), solved),
    }
    times = take_turns(peers, rounds)
    stock = median(times["nbgrader's Execute"])
    print(f"One submission of {CHAPTER}, {rounds} rounds, in seconds; ", end="")
    print(f"nbgrader {nbgrader.__version__}, torch {torch.__version__}")
    print(f"{'':20}{'median':>8}{'fastest':>9}{'slowest':>9}{'ratio':>8}")
    for name, taken in times.items():
        row = (median(taken), min(taken), max(taken), median(taken) / stock)
        print("{:20}{:>8.1f}{:>9.1f}{:>9.1f}{:>8.2f}".format(name, *row))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
