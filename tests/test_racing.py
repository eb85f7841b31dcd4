"""A stack of networks under any rule learns what each would learn alone."""

import copy

import pytest
import torch
from torch.nn.functional import cross_entropy

from experiments.racing import SCHEDULES, Stack, network
from steadygrad import adaptive
from steadygrad.data import Examples
from steadygrad.momentum import sgd
from steadygrad.training import Descent

RUNS = [(0, 0.01), (0, 0.1), (1, 0.1)]  # seed and rate
RULES = {
    "Nesterov": (sgd, {"momentum": 0.9, "nesterov": True}),
    "NAdam": (adaptive.nadam, {}),
    "Lion, which sees the weights": (adaptive.lion, {"weight_decay": 0.1}),
}


@pytest.fixture
def images(rng):
    y = torch.randint(3, (20,), generator=rng)
    return Examples(torch.randn(20, 5, generator=rng), y)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("rule", "settings"), RULES.values(), ids=RULES)
def test_each_network_learns_as_if_it_were_alone(rule, settings, schedule, images):
    models = [network([5, 4, 3], seed) for seed, _ in RUNS]
    stack = Stack(models, [seed for seed, _ in RUNS])
    alone = copy.deepcopy(models)
    stack.train(
        images, rule, [rate for _, rate in RUNS], epochs=3, batch=8,
        schedule=SCHEDULES[schedule], **settings,
    )  # fmt: skip
    for model, theta, (seed, rate) in zip(alone, stack.theta, RUNS, strict=True):
        learn(model, images, seed, rate, SCHEDULES[schedule], rule, settings)
        weights = torch.nn.utils.parameters_to_vector(model.parameters())
        torch.testing.assert_close(theta, weights, rtol=1e-4, atol=1e-5)


def learn(model, images, seed, rate, schedule, rule, settings):
    rng, steps = torch.Generator().manual_seed(seed), 9
    optimizer = Descent(model.parameters(), rule, lr=rate, **settings)
    batches = [b for _ in range(3) for b in torch.randperm(20, generator=rng).split(8)]
    for step, chosen in enumerate(batches):
        optimizer.param_groups[0]["lr"] = rate * schedule(step / steps)
        optimizer.zero_grad()
        cross_entropy(model(images.x[chosen]), images.y[chosen]).backward()
        optimizer.step()


def test_a_network_that_diverges_stays_where_it_was_and_guesses(images):
    stack = Stack([network([5, 4, 3], seed) for seed in (0, 1)], [0, 1])
    stack.theta[1, -1] = torch.inf
    before = stack.theta[1].clone()
    stack.train(images, sgd, [0.1, 0.1], epochs=1, batch=10)
    assert torch.equal(stack.theta[1], before)
    assert stack.theta[0].isfinite().all()
    assert stack.loss(images, 1.0)[1] == 1
