"""The benchmark of the library: its pairs agree, none is left out, its table is made."""

import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # as `python benchmarks/library.py` does

import library  # noqa: E402 - it is found by the line above
from peers import Size, steps  # noqa: E402

TINY = Size(16, 32)
PAIRS = {
    f"{name}: {pair_name}": pair
    for name in library.TOPICS
    for pair_name, pair in import_module(f"peers.{name}").TOPIC.pairs.items()
}


@pytest.mark.parametrize(
    "pair", [p for p in PAIRS.values() if p.same], ids=[n for n, p in PAIRS.items() if p.same]
)
def test_the_two_of_a_pair_return_the_same(pair):
    for run in library.passes(pair).values():
        mine, torchs = (run(f, pair.inputs(TINY)) for f in (pair.ours, pair.theirs))
        torch.testing.assert_close(mine, torchs, check_dtype=False, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", library.TOPICS)
def test_every_public_function_has_a_counterpart_or_is_said_to_have_none(name):
    module, topic = import_module(f"steadygrad.{name}"), import_module(f"peers.{name}").TOPIC
    public = {
        each
        for each, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__.startswith(f"steadygrad.{name}")
        and not each.startswith("_")
    }
    paired = {word for pair in topic.pairs for word in pair.split(", ")}
    assert public <= paired | set(topic.alone)
    assert not paired & set(topic.alone)
    assert set(topic.alone) <= public


def test_the_table_is_made_on_a_tiny_size():
    made = list(library.functions(library.TOPICS, {"tiny": TINY}, rounds=1))
    assert len([line for line in made if "(" in line]) >= len(PAIRS)
    assert [name for name in library.TOPICS if f"\n{name}" not in made] == []


def test_the_table_of_steps_is_made():
    made = list(library.descents(["small MLP"], rounds=1, device="cpu", ours=["plain"]))
    assert len([line for line in made if line.startswith("small MLP")]) == len(steps.RULES)


def test_the_table_sets_the_compiled_step_beside_the_plain_one():
    """Its columns: to make the lines would take a compiler."""
    made = library.descents([], rounds=1, device="cpu")
    assert next(made).split()[-3:] == ["compiled", "/", "plain"]


@pytest.mark.parametrize("stepper", steps.RULES.values(), ids=steps.RULES)
def test_the_steps_that_are_timed_lead_to_the_same_place(stepper):
    moved = steps.steps(stepper, torch.nn.Linear(3, 2), "cpu", ["plain"])
    weights = [step.__self__.param_groups[0]["params"] for step in moved.values()]
    for other in weights[1:]:
        torch.testing.assert_close(weights[0], other)


def test_a_row_says_why_it_exceeds_its_aim():
    columns = {"tiny, forward": library.Ratio(1.9, 2.0, 2.1)}
    row = library.Row("mish", columns, {"tiny, forward": 1.5}, "Because.")
    assert list(library.lines(row, [*columns, "tiny, both"]))[1] == "    Because."
    assert len(list(library.lines(row._replace(aims={"tiny, forward": 2}), columns))) == 1
