"""Right answers earn everything, whatever a notebook has set: for every kind of recipe."""

import pytest
from unsettled import DOES, unspoilt

from autograder import diagnose
from autograder.apart.sandbox import Cell, Sandbox
from autograder.diagnose import answering
from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here
from autograder.marking import mark

KINDS = {  # one exercise for every recipe, and one for none
    "gradients.depth_limit": "none",
    "gradients.numerical_gradient": "Function",
    "gradients.layer_gradient_rms": "Network",
    "normalization.batch_norm": "Traced",
    "normalization.fold_batch_norm": "Single",
    "activations.dead_unit_fraction": "Once",
    "loop.clip_grad_norm_": "Leaf, Written",
    "loop.train_step": "Stepper",
    "momentum.sgd": "Each, Carried",
    "momentum.param_groups": "Lent",
    "schedules.run_with_schedule": "Grouped, Planned, Downhill",
    "initialization.orthogonal_": "random numbers",
}
SAMPLE = [EXERCISES[name] for name in KINDS]


@pytest.fixture(autouse=True)
def _unspoilt():
    with unspoilt():
        yield
    forget()


def forget():
    """Expected results are kept; here they are to be made under whatever was set."""
    for kept in (diagnose.answers, diagnose.answer, answering.cases):
        kept.cache_clear()


def fell_short(do, exercises=SAMPLE):
    """What the references do not earn once this was done, and what is said of them."""
    forget()
    do()
    reports = [grade(exercise, run_here(exercise.target), 7) for exercise in exercises]
    return [(r.exercise.id, str(r)) for r in reports if not r.passed or r.remarks]


def test_a_reference_leaves_nothing_behind_of_which_there_is_a_word_to_say():
    assert fell_short(lambda: None) == []


@pytest.mark.parametrize("name", ["default dtype", "default device", "inference mode"])
def test_right_answers_earn_everything_whatever_was_set(name):
    assert fell_short(DOES[name], SAMPLE[2:6]) == []


@pytest.mark.slow
@pytest.mark.parametrize("do", DOES.values(), ids=DOES)
def test_every_kind_of_right_answer_earns_everything_whatever_was_set(do):
    assert fell_short(do) == []


@pytest.mark.parametrize("name", ["default dtype", "default device"])
def test_what_was_marked_under_a_setting_spoils_nothing_once_it_is_set_back(name, capsys):
    exercise = EXERCISES["momentum.sgd"]
    forget()
    with unspoilt():
        DOES[name]()
        assert mark(exercise.accepts[0], exercise.id) == exercise.points
    assert mark(exercise.accepts[0], exercise.id) == exercise.points


CELLS = {
    "numbers": """
        import os, sys, torch, numpy
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(3)
        torch.set_float32_matmul_precision("medium")
        numpy.seterr(all="raise")
        os.environ["HOME"] = "/nowhere"
        os.chdir("/")
        sys.setrecursionlimit(60)
    """,
    "device": """
        import torch
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
    """,
    "entered": """
        import torch
        held = [torch.inference_mode(), torch.autocast("cpu"), torch.device("meta")]
        for each in held:
            each.__enter__()
    """,
    "hooks": """
        import builtins, signal, torch, warnings
        warnings.simplefilter("error")
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.5)
        builtins.sum = builtins.any = None
        torch.Tensor.clone = None
        class Loud(torch.overrides.TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                raise RuntimeError("never left")
        Loud().__enter__()
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_cell_that_sets_something_costs_a_right_notebook_nothing_in_the_worker(cell):
    chosen = SAMPLE[2:]
    imports = "\n".join(f"from {e.target.__module__} import {e.name}" for e in chosen)
    lines = "\n".join(line[8:] for line in cell.splitlines())
    with Sandbox([Cell(imports), Cell(lines)]) as sandbox:
        reports = [
            grade(exercise, lambda inputs, name=exercise.name: sandbox.run(name, inputs), 7)
            for exercise in chosen
        ]
        assert sandbox.errors == ["", ""]
    assert [str(report) for report in reports if not report.passed] == []
