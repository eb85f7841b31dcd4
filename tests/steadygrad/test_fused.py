"""Fused: compiled steps are the same steps, whatever changes between them."""

import copy
import gc
import math
import subprocess
import sys
import weakref
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from walks import RULES, adam, descend, near, network, pair, same

from steadygrad.momentum import sgd
from steadygrad.training import Descent

pytestmark = [
    pytest.mark.slow,  # a compiler runs for seconds
    pytest.mark.usefixtures("shapes_unchecked"),
    # where a test does not expect it, a rule that goes on uncompiled has not been tested
    pytest.mark.filterwarnings("error:This rule goes on uncompiled"),
]


def uncompiled(why):
    return pytest.warns(UserWarning, match=rf"This rule goes on uncompiled \(.*{why}")


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
    with torch.compiler.set_stance("fail_on_recompile"):
        descend(model, optimizer, 30)
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
        *(chosen(betas=(0.5, 0.9)), chosen(betas=(0.0, 0.9)), chosen(eps=1e-3)),
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


def late(gradient, state):
    t = 0 if state is None else state
    return gradient * (2 if t > 3 else 1), t + 1


def rolling(gradient, state):
    t = 0 if state is None else state
    return gradient + 0.1 * gradient.roll(t), t + 1


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


def drawing(gradient, state):
    return gradient + torch.rand_like(gradient), 1 * gradient


@pytest.mark.parametrize("rule", [late, rolling, sometimes_nothing, turning, drawing])
def test_compiled_counts_may_decide_parts_may_come_and_go_and_chance_stays(rule):
    walks = []
    for compiled in (True, False):
        model = network()
        optimizer = Descent(model.parameters(), rule, lr=0.001, compile=compiled)
        walks.append(descend(model, optimizer, 9))
    near(*walks)


def test_settings_may_be_lists_that_grow_tensors_and_sets():
    def odd(gradient, state, *, weights=(1.0,), scale=1.0, names=frozenset()):
        factor = sum(weights) * scale * (2 if "twice" in names else 1)
        return gradient * factor, 1 * gradient

    walks = []
    for compiled in (True, False):
        model, walk = network(), []
        optimizer = Descent(model.parameters(), odd, lr=0.001, compile=compiled)
        for change in (
            {"weights": [0.5, 0.2]},
            {"scale": torch.tensor([0.5], dtype=torch.float64)},
            {"scale": torch.tensor([0.7], dtype=torch.float64)},
            *({"names": {"twice"}}, {"names": set()}, {"weights": [0.3]}, {"weights": [0.5]}),
        ):
            optimizer.param_groups[0].update(change)
            walk += descend(model, optimizer, 2)
        walks.append(walk)
    near(*walks)


# ── What goes on uncompiled ──────────────────────────────────────────────────────────────


def looking(gradient, state):
    return (2 if gradient[0] > 0 else 1) * gradient, 1 * gradient


def looking_in_the_end(gradient, state):
    t = 1 if state is None else state
    return (gradient / t if t < 5 or gradient[0] > 0 else gradient), t + 1


def halving(gradient, state):
    """A float that comes back from torch.compile is a constant from then on."""
    share = 1 if state is None else state
    return share * gradient, share * 0.5


def halving_in_the_end(gradient, state):
    t, share = (0, None) if state is None else state
    return (1 if share is None else share) * gradient, (t + 1, 0.5**t if t > 3 else None)


def taking_turns(gradient, state):
    return (gradient, False) if state else (2 * gradient, True)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        *((looking, "Data-dependent"), (looking_in_the_end, "Data-dependent")),
        *((halving, "holds a float"), (halving_in_the_end, "holds a float")),
        (taking_turns, "holds a bool"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_rule_that_cannot_be_compiled_rightly_says_so_once_and_goes_on(rule, why):
    compiled, plain = network(), network()
    optimizer = Descent(compiled.parameters(), rule, lr=0.001, compile=True)
    with uncompiled(why) as said:
        walk = descend(compiled, optimizer, 9)
    assert len([w for w in said if "uncompiled" in str(w.message)]) == 1
    near(walk, descend(plain, Descent(plain.parameters(), rule, lr=0.001), 9))


def test_what_would_be_compiled_again_and_again_goes_on_uncompiled():
    def named(gradient, state, *, name="0"):
        return gradient * int(name), 1 * gradient

    walks = []
    for compiled in (True, False):
        model, walk = network(), []
        optimizer = Descent(model.parameters(), named, lr=0.001, compile=compiled)
        with uncompiled("recompile limit") if compiled else nullcontext():
            for number in range(12):
                optimizer.param_groups[0]["name"] = str(number)
                walk += descend(model, optimizer, 1)
        walks.append(walk)
    near(*walks)


# ── Numbers and memory ───────────────────────────────────────────────────────────────────


def by_alpha(gradient, state, *, lr):
    return gradient if state is None else gradient.add(state, alpha=lr), 1 * gradient


def by_math(gradient, state, *, lr):
    return gradient * math.sqrt(lr), 1 * gradient


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
    with uncompiled(""), pytest.raises(ValueError, match=r"of the shape \(\)"):
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
print([str(w.message) for w in caught if "goes on uncompiled" in str(w.message)], p[0].item())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PATH": "", "CXX": "no-such-compiler", "PYTHONPATH": ":".join(sys.path),
             "HOME": "/nonexistent", "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"},
    )  # fmt: skip
    assert done.stdout.count("goes on uncompiled") == 1
    assert float(done.stdout.rpartition("]")[2]) == pytest.approx(1 - 0.1 * (1 + 1.9 + 2.71))
