"""What every test needs: shapes enforced, one seed, one thread, no window, no progress bar."""

# ruff: noqa: E402 - the environment and the hook must be there before what they change

import os
import sys
from pathlib import Path

# First, or the folder tests/steadygrad would be taken for the library (as a namespace package);
# and by path, because the hook below does not see an editable install.
sys.path.insert(0, str(Path(__file__).parents[1]))

os.environ.setdefault("MPLBACKEND", "agg")
os.environ["TQDM_DISABLE"] = "1"

from jaxtyping import install_import_hook

# Before the hook: a checked function that checks shapes would forget each as soon as it has it.
import steadygrad.checks  # noqa: F401 - to be there before

# Before anything imports steadygrad. The numeric tower lets a learner's 1 pass for a 1.0.
TYPE_CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook("steadygrad", TYPE_CHECKER)

import pytest
import torch

torch.set_num_threads(1)  # tests run side by side under xdist, and sums keep one order


# One test at a time these keep two workers busy to the end; all other files stay whole, since
# their tests share a browser, a gradebook or a server.
DIVISIBLE = ("test_exercises", "test_experiments", "test_notebooks")


@pytest.hookimpl(optionalhook=True)  # pytest may run without xdist
def pytest_xdist_make_scheduler(config, log):
    """What one worker has to run, whichever takes it: a file, or a test of a divisible one."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return nodeid if Path(file).stem in DIVISIBLE else file

    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter):
    """Say at the end what the kill matrix comes to; rows that fall short are failures."""
    counts = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name == "kill matrix" and report.when == "call"
    ]
    if counts:
        from autograder.kill_matrix import Count, total  # few runs need it

        terminalreporter.write_line(f"Kill matrix: {total(Count(*each) for each in counts)}")


@pytest.fixture(autouse=True)
def _one_seed():
    torch.manual_seed(0)


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """The addresses that a browser's page has asked for."""
    return []
