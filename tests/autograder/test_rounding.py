"""What rounds otherwise is as right; what is wrong stays wrong, however little."""

import pytest
import torch
from toys import RULE, exercise

from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here
from autograder.recipes import each_tensor
from autograder.rounding import closest, neighbours, nudge
from autograder.spec import Case

SOFTMAX = EXERCISES["gradients.softmax_cross_entropy_grad"]
EXP_LOG_SUM = (7, 11, 12, 14, 22)  # seeds whose logits around 800 make it round visibly


def by_logarithms(logits, target):
    """Right, and known to 6e-5 only where the logits are around 800."""
    p = (logits - logits.logsumexp(dim=1, keepdim=True)).exp()
    return (p - torch.nn.functional.one_hot(target, logits.shape[1])) / len(logits)


@pytest.mark.parametrize("seed", EXP_LOG_SUM)
def test_a_right_formula_that_rounds_otherwise_earns_everything(seed):
    report = grade(SOFTMAX, run_here(by_logarithms), seed)
    assert report.passed, report


@pytest.mark.parametrize("seed", EXP_LOG_SUM)
def test_a_wrong_formula_loses_its_points_all_the_same(seed):
    def a_thousandth_off(logits, target):
        return by_logarithms(logits, target) * 1.001

    assert grade(SOFTMAX, run_here(a_thousandth_off), seed).score == 0


def test_a_nudge_moves_each_number_to_its_neighbour_and_leaves_what_is_exact():
    tensor = torch.tensor([800.0, -1e-3, 0.0, torch.inf, torch.nan])
    moved = nudge(tensor, torch.Generator().manual_seed(0))
    ulp = torch.tensor([2.0**-14, 2.0**-33])
    torch.testing.assert_close((moved - tensor)[:2].abs(), ulp, rtol=1e-6, atol=0)
    torch.testing.assert_close(moved[2:], tensor[2:], equal_nan=True)
    assert torch.equal(nudge(torch.arange(3), torch.Generator()), torch.arange(3))


def test_what_falls_over_an_edge_is_no_rounding():
    tied = torch.ones(6)

    def first_smallest(grad: torch.Tensor, lr: float, decay: float = 0.5) -> torch.Tensor:
        """A one at the smallest entry."""
        return (torch.arange(len(grad)) == grad.argmin()).float()

    it = exercise(
        target=first_smallest,
        draw=lambda rng: iter([Case("tied", dict(grad=tied, lr=1.0))]),
        misconceptions=(),
    )
    others = {int(near.result.argmax()) for near in neighbours(it, 0, 0)} - {0}
    assert others, "no nudge breaks the tie, so that nothing is tried"
    for other in others:
        report = grade(it, run_here(lambda grad, lr, at=other: torch.eye(6)[at].to(grad)))
        assert not report.verdicts[0].passed


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (torch.zeros(2), torch.zeros(3)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (None, torch.zeros(2)),
        ([1.0], [1.0, 2.0]),
        ({}, {"a": 1.0}),
        ("text", 3),
    ],
)
def test_what_cannot_be_compared_stays_as_it_is_expected(got, expected):
    near = closest(got, expected, [expected])
    assert type(near) is type(expected)
    if isinstance(expected, torch.Tensor):
        assert torch.equal(near, expected)
        assert near.dtype == expected.dtype
    else:
        assert near == expected


def test_each_part_of_a_result_has_a_rounding_of_its_own():
    expected = {"y": torch.tensor([1.0]), "mean": (2.0, torch.tensor([3.0]))}
    moved = {"y": torch.tensor([1.001]), "mean": (2.0, torch.tensor([3.0]))}
    got = {"y": torch.tensor([1.002]), "mean": (2.002, torch.tensor([3.002]))}
    near = closest(got, expected, [moved])
    assert near["y"].item() == pytest.approx(1.002)
    assert near["mean"][0] == 2.0
    assert near["mean"][1].item() == 3.0


def test_only_what_is_wrong_costs_the_time_to_ask(monkeypatch):
    def never(*_):
        raise AssertionError("asked for rounding without need")

    monkeypatch.setattr("autograder.grade.neighbours", never)
    assert grade(RULE, run_here(RULE.target)).passed


# Whose answers depend on draws, or whose recipes hold float32 networks: casting what goes in
# does not make them another right way; `param_groups` hands back what it was given.
CASTABLE = [
    name
    for name in EXERCISES
    if name.partition(".")[2]
    not in (
        "variance_scaling_", "orthogonal_", "lsuv_", "dead_unit_fraction", "recalibrate",
        "train_step", "evaluate", "overfit_one_batch", "clip_grad_norm_", "clip_grad_value_",
        "accumulate_gradients", "minibatches", "param_groups", "lr_finder",
        "layer_gradient_rms",
    )
]  # fmt: skip


def in_float64(target):
    """The reference computed in double precision, and rounded at the end only."""

    def submission(**inputs):
        seen = []
        each_tensor(inputs, lambda tensor: seen.append(tensor.dtype) or tensor)
        floats = [dtype for dtype in seen if dtype.is_floating_point] or [torch.float64]
        wide = each_tensor(inputs, lambda t: t.double() if t.is_floating_point() else t)
        return each_tensor(
            target(**wide), lambda t: t.to(floats[0]) if t.is_floating_point() else t
        )

    return submission


@pytest.mark.slow
@pytest.mark.parametrize("name", CASTABLE)
def test_what_is_computed_more_precisely_earns_everything_on_seeds_never_seen(name):
    for seed in range(200, 210):
        report = grade(EXERCISES[name], run_here(in_float64(EXERCISES[name].target)), seed)
        assert report.passed, (seed, str(report))
