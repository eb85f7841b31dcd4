"""Fused: compiled steps are the same steps, whatever changes between them."""

import copy
import gc
import math
import subprocess
import sys
import weakref

import pytest
import torch
from torch import nn
from walks import RULES, adam, descend, near, network, pair, same

from steadygrad.momentum import sgd
from steadygrad.training import Descent

pytestmark = [
    pytest.mark.slow,  # a compiler runs for seconds
    pytest.mark.usefixtures("shapes_unchecked"),
]


@pytest.mark.parametrize("name", ["nesterov", "l2", "adam"])
def test_compiled_it_walks_as_torch_does_whatever_the_rate(name):
    rule, peer, settings = RULES[name]
    models = pair(rule, peer, **settings)
    ours = Descent(models[0][0].parameters(), rule, lr=0.01, compile=True, **settings)
    for model, optimizer in ((models[0][0], ours), models[1]):
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=60)
        descend(model, optimizer, 50, schedule)
    near(models[0][0].parameters(), models[1][0].parameters(), 1e-8 if rule is adam else 1e-12)


def test_a_count_of_steps_is_no_reason_to_compile_again():
    model = network()
    optimizer = Descent(model.parameters(), adam, lr=0.01, compile=True)
    descend(model, optimizer, 3)
    before = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    descend(model, optimizer, 30)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == before
    assert optimizer._flats[0][0].state.t == 33
    assert type(optimizer._flats[0][0].state.t) is int


def test_a_compiled_run_resumes_to_the_bit_and_saved_states_are_not_written_to():
    model = network()
    optimizer = Descent(model.parameters(), adam, lr=0.01, compile=True)
    descend(model, optimizer)
    saved, weights = optimizer.state_dict(), copy.deepcopy(model.state_dict())
    straight = descend(model, optimizer)
    again = network(seed=3)
    resumed = Descent(again.parameters(), adam, lr=0.01, compile=True)
    again.load_state_dict(weights)
    resumed.load_state_dict(saved)
    assert same(straight, descend(again, resumed))


def test_compiled_a_state_may_swap_its_parts_or_change_its_form():
    def swapping(gradient, state):
        a, b = (gradient, 2 * gradient) if state is None else state
        return gradient + a - b, (b, a)

    def growing(gradient, state):
        past = [] if state is None else state
        return gradient + sum(past) / 10, [*past, gradient][-3:]

    for rule in (swapping, growing):
        models = network(), network()
        for model, compiled in zip(models, (True, False), strict=True):
            descend(model, Descent(model.parameters(), rule, lr=0.001, compile=compiled), 8)
        near(models[0].parameters(), models[1].parameters())


def test_from_the_third_step_on_the_compiled_graph_is_called_directly():
    for betas in (0.9, 0.99), (0.5, 0.9):  # the second is not taken for a change of the first
        model = network()
        optimizer = Descent(model.parameters(), adam, lr=0.01, compile=True, betas=betas)
        descend(model, optimizer, 3)
        optimizer._fused._compiled = None  # who asks torch.compile now, fails
        descend(model, optimizer, 30)
        assert optimizer.state_dict()["state"]["group 0"][0]["memory"]["fields"]["t"] == 33


def chosen(**settings):
    return lambda model, optimizer: optimizer.param_groups[0].update(copy.deepcopy(settings))


def frozen(model, optimizer):
    model[0].bias.requires_grad_(False)


def joined(model, optimizer):
    model.scale = nn.Parameter(torch.full((3,), 0.5, dtype=torch.float64))
    model.register_forward_hook(lambda module, x, y: y * module.scale.prod())
    optimizer.add_param_group({"params": [model.scale], "lr": 0.003})


def exchanged(model, optimizer):
    model[2].weight.data = model[2].weight.data.clone() / 2


def written(model, optimizer):
    optimizer.param_groups[0]["betas"][0] = 0.3


def reloaded(model, optimizer):
    optimizer.load_state_dict(optimizer.state_dict())


COMMON = [chosen(lr=0.003), frozen, joined, exchanged, reloaded, chosen(lr=0.02)]
CHANGES = {
    sgd: [chosen(momentum=0.9), chosen(momentum=0.5), chosen(nesterov=True), *COMMON],
    adam: [
        *(chosen(betas=(0.5, 0.9)), chosen(betas=(0, 0.9)), chosen(eps=1e-3)),
        *(chosen(betas=[0.4, 0.9]), written, *COMMON),
    ],
}


@pytest.mark.parametrize("rule", CHANGES)
def test_what_changes_on_the_way_changes_compiled_steps_as_well(rule):
    walks = []
    for compiled in (True, False):
        model = network()
        optimizer = Descent(model.parameters(), rule, lr=0.01, compile=compiled)
        walk = descend(model, optimizer)
        for change in CHANGES[rule]:
            change(model, optimizer)
            walk += descend(model, optimizer)
        walks.append(walk)
    near(*walks, 1e-8 if rule is adam else 1e-12)


def test_compiled_numbers_may_share_a_tensor_for_a_while():
    """Two names for one tensor are one input of the graph, and later they are two."""

    def counting(gradient, state):
        if state is None:
            return gradient, (torch.ones((), dtype=gradient.dtype),) * 2
        first, second = state
        return gradient * (1 + first / 10 + second / 100), (first + 1, second + 2)

    walks = []
    for compiled in (True, False):
        model = network()
        optimizer = Descent(model.parameters(), counting, lr=0.001, compile=compiled)
        walks.append(descend(model, optimizer, 8))
    near(*walks)


def test_a_rule_that_cannot_be_one_graph_any_more_keeps_its_count():
    def slowing(gradient, state, *, apart=False):
        t = 1 if state is None else state + 1
        if apart:
            torch._dynamo.graph_break()
        return gradient / t, t

    walks = []
    for compiled in (True, False):
        model, walk = network(), []
        optimizer = Descent(model.parameters(), slowing, lr=0.01, compile=compiled)
        for apart in (False, True, False):
            optimizer.param_groups[0]["apart"] = apart
            walk += descend(model, optimizer)
        walks.append(walk)
    near(*walks)


def late(gradient, state):
    t = 0 if state is None else state
    return gradient * (2 if t > 3 else 1), t + 1


def halving(gradient, state):
    share = 1 if state is None else state
    return share * gradient, share * 0.5


def sometimes_nothing(gradient, state):
    mean = gradient if state is None or state[0] is None else 0.9 * state[0] + gradient
    even = state is not None and state[0] is not None
    return mean, (None if even else mean, mean)


def turning(gradient, state):
    """A dictionary whose entries change places and keep their names."""
    mean, sum_ = (0 * gradient, 0 * gradient) if state is None else (state["m"], state["s"])
    mean, sum_ = 0.9 * mean + gradient, sum_ + gradient
    turned = state is None or next(iter(state)) == "m"
    return mean + 0.1 * sum_, {"s": sum_, "m": mean} if turned else {"m": mean, "s": sum_}


@pytest.mark.parametrize("rule", [late, halving, sometimes_nothing, turning])
def test_compiled_numbers_may_decide_and_parts_may_come_and_go(rule):
    walks = []
    for compiled in (True, False):
        model = network()
        optimizer = Descent(model.parameters(), rule, lr=0.001, compile=compiled)
        walks.append(descend(model, optimizer, 9))
    near(*walks)


def test_settings_may_be_lists_that_grow_tensors_and_sets():
    def odd(gradient, state, *, weights=(1.0,), scale=1.0, names=frozenset()):
        return gradient * sum(weights) * scale * (2 if "twice" in names else 1), state

    walks = []
    for compiled in (True, False):
        model, walk = network(), []
        optimizer = Descent(model.parameters(), odd, lr=0.001, compile=compiled)
        for change in (
            {"weights": [0.5, 0.2]},
            {"scale": torch.tensor([0.5], dtype=torch.float64)},
            {"scale": torch.tensor([0.7], dtype=torch.float64)},
            *({"names": {"twice"}}, {"names": set()}, {"weights": [0.3]}),
            *({"weights": [0.3, 0.1]}, {"weights": [0.2, 0.1, 0.1]}, {"weights": [0.5]}),
        ):
            optimizer.param_groups[0].update(change)
            walk += descend(model, optimizer, 3)
        walks.append(walk)
    near(*walks)


def test_a_rule_that_cannot_be_compiled_says_so_once_and_goes_on():
    def rolling(gradient, state):
        t = 0 if state is None else state
        return gradient + 0.1 * gradient.roll(t), t + 1

    compiled, plain = network(), network()
    optimizer = Descent(compiled.parameters(), rolling, lr=0.001, compile=True)
    with pytest.warns(UserWarning, match="This rule cannot be compiled") as said:
        walk = descend(compiled, optimizer)
    assert len(said) == 1
    near(walk, descend(plain, Descent(plain.parameters(), rolling, lr=0.001)))


def by_alpha(gradient, state, *, lr):
    return gradient if state is None else gradient.add(state, alpha=lr), 1 * gradient


def by_math(gradient, state, *, lr):
    return gradient * math.sqrt(lr), state


def by_filling(gradient, state, *, lr):
    return gradient * torch.full_like(gradient, lr), 1 * gradient


@pytest.mark.parametrize("rule", [by_alpha, by_math, by_filling])
def test_no_number_is_taken_for_a_constant_however_late_it_changes(rule):
    walks = []
    for compiled in (True, False):
        model, walk = network(), []
        optimizer = Descent(model.parameters(), rule, lr=0.001, compile=compiled)
        for lr in (0.001, 0.01):
            optimizer.param_groups[0]["lr"] = lr
            walk += descend(model, optimizer, 6)
        walks.append(walk)
    near(*walks)


def the_parameters(gradient, state, theta):
    return gradient + 0.1 * (theta - (theta if state is None else state)), theta


def a_view_of_the_parameters(gradient, state, theta):
    return gradient + 0.1 * (theta - (theta if state is None else state)), theta.view(-1)


def one_parameter(gradient, state, theta):
    return gradient + (0 if state is None else 0.1 * state), theta[0]


def one_entry_of_the_gradient(gradient, state):
    return gradient + (0 if state is None else 0.1 * state), gradient[0]


def one_entry_of_the_old_mean(gradient, state):
    mean, entry = (0 * gradient, 0 * gradient[0]) if state is None else state
    return gradient + 0.1 * entry, (0.9 * mean + gradient, mean[0])


def parts_that_overlap_at_first(gradient, state):
    if state is None:
        return 1 * gradient, (mean := 2 * gradient, mean[5:])
    mean, tail = state
    mean = 0.9 * mean + gradient
    return mean + tail.mean() / 100, (mean, 0.5 * tail + 1)


@pytest.mark.parametrize(
    "rule",
    [
        *(the_parameters, a_view_of_the_parameters, one_parameter, one_entry_of_the_gradient),
        *(one_entry_of_the_old_mean, parts_that_overlap_at_first),
    ],
)
def test_compiled_a_rule_may_remember_parts_of_what_will_be_written_to(rule):
    walks = []
    for compiled in (True, False):
        model = network()
        optimizer = Descent(model.parameters(), rule, lr=0.01, compile=compiled)
        walks.append(descend(model, optimizer, 8))
    near(*walks)


def test_compiled_what_is_no_direction_is_refused():
    p = nn.Parameter(torch.ones(3))
    p.grad = torch.ones(3)

    def shrinking(gradient, state):
        return gradient if state is None else gradient.sum(), 0

    optimizer = Descent([p], shrinking, lr=0.1, compile=True)
    optimizer.step()
    with pytest.raises(ValueError, match=r"of the shape \(\)"):
        optimizer.step()
    assert p.equal(torch.full((3,), 0.9))


def test_a_compiled_optimizer_can_be_thrown_away():
    model = network()
    optimizer = Descent(model.parameters(), sgd, lr=0.01, compile=True, momentum=0.9)
    descend(model, optimizer)
    left = [weakref.ref(optimizer), weakref.ref(model[0].weight)]
    del model, optimizer
    gc.collect()
    assert [ref() for ref in left] == [None, None]


def test_without_a_compiler_it_says_so_once_and_goes_on():
    code = """
import warnings, torch
from steadygrad.training import Descent
p = torch.nn.Parameter(torch.ones(4))
def rule(gradient, state):
    velocity = gradient if state is None else 0.9 * state + gradient
    return velocity, velocity
optimizer = Descent([p], rule, lr=0.1, compile=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(3):
        p.grad = torch.ones(4)
        optimizer.step()
print([str(w.message) for w in caught if "compile the rule" in str(w.message)], p[0].item())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PATH": "", "CXX": "no-such-compiler", "PYTHONPATH": ":".join(sys.path),
             "HOME": "/nonexistent", "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"},
    )  # fmt: skip
    assert done.stdout.count("cannot compile the rule") == 1
    assert float(done.stdout.rpartition("]")[2]) == pytest.approx(1 - 0.1 * (1 + 1.9 + 2.71))
