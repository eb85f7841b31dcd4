"""The records behind the chapters: complete, true to their claims, measured again in small."""

import copy
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from experiments import record, scheduled
from experiments.comparing import below, lead, level
from experiments.record import Record, band, broken, load, moved, names, run, script
from experiments.stacks import train
from steadygrad.data import Examples
from steadygrad.models import mlp

FOLDER = Path(record.__file__).parent

every_experiment = pytest.mark.parametrize("name", names())
both_sets = pytest.mark.parametrize("unseen", [False, True], ids=["seeds", "unseen"])


@both_sets
@every_experiment
def test_a_record_is_complete(name, unseen):
    stored = load(name, unseen=unseen)
    assert set(stored.seeds).isdisjoint(load(name, unseen=not unseen).seeds)
    assert stored.name == name
    assert len(set(stored.seeds)) == len(stored.seeds) >= 10
    assert {"python", "torch"} <= set(stored.versions)
    assert stored.seconds > 0
    for quantities in stored.numbers.values():
        for values in quantities.values():
            assert len(values) == len(stored.seeds)
            assert np.isfinite(values).all()
            assert (values > 0).all()  # they are compared as logarithms


@both_sets
@every_experiment
def test_the_stored_numbers_bear_out_every_claim(name, unseen):
    assert len(script(name).CLAIMS) > 0
    assert broken(load(name, unseen=unseen)) == []


@every_experiment
def test_a_claim_can_be_false(name):
    """Numbers that are all the same bear out no claim about differences."""
    stored = load(name)
    same = {g: {q: np.ones_like(v) for q, v in qs.items()} for g, qs in stored.numbers.items()}
    assert broken(stored._replace(numbers=same))


@pytest.mark.slow
@every_experiment
def test_two_seeds_measured_again_lie_within_the_record(name, monkeypatch):
    stored, kept = load(name), slice(None)
    if name == "gradients_dead_or_slow":
        kept = slice(1, 2)  # one rate of five
        monkeypatch.setattr(script(name), "RATES", script(name).RATES[kept])
        monkeypatch.setattr(script(name), "NETWORKS", few(script(name).NETWORKS))
    if name == "initialization_training":
        monkeypatch.setattr(script(name), "STARTS", ("default", "He"))
        monkeypatch.setattr(script(name), "DEPTHS", (10,))
    if name == "loop_rates":
        monkeypatch.setattr(script(name), "RATES", (1.0,))
    if name in SMALLER:
        table, chosen = SMALLER[name]
        monkeypatch.setattr(
            script(name), table, {one: getattr(script(name), table)[one] for one in chosen}
        )
    if name == "schedules_batches":
        monkeypatch.setattr(script(name), "KINDS", ("Adam",))
    if name in LAST_AXIS:  # one entry of its last axis, and fewer kinds
        axis, kept = LAST_AXIS[name]
        monkeypatch.setattr(script(name), axis, getattr(script(name), axis)[kept])
        monkeypatch.setattr(script(name), "KINDS", script(name).KINDS[1:2])
    fresh = run(name, seeds=stored.seeds[:2])
    numbers = {
        group: {quantity: values[..., kept] for quantity, values in quantities.items()}
        for group, quantities in stored.numbers.items()
        if group in fresh.numbers
    }
    assert numbers
    assert moved(stored._replace(numbers=numbers), fresh) == []


SMALLER = {  # name -> the table of what it measures, and a few of its rows
    "schedules_contest": ("SCHEDULES", ("cosine",)),
    "schedules_finder": ("BETAS", ("0.9",)),
    "schedules_warmup": ("WARMUPS", ("cosine",)),
    "momentum_conventions": ("RUNS", ("heavy_ball", "ema")),
    "momentum_network": ("RULES", ("Nesterov",)),
    "loop_clipping": ("SETTINGS", ("2 x He", "2 x He, norm 1")),
    "loop_recurrent": ("BOUNDS", ("norm 1",)),
    "activations_contest": ("CONTESTANTS", ("ReLU",)),
    "normalization_batches": ("RATES", (128,)),
    "activations_dead_units": ("SETTINGS", ("ReLU, rate 0.1", "ELU, bias -3")),
    "adaptive_contest": ("CONTESTANTS", ("AdaDelta",)),
    "adaptive_classes": ("SHARES", ("1/k",)),
    "adaptive_muon": ("RULES", ("AdamW",)),
}
LAST_AXIS = {
    "normalization_rates": ("RATES", slice(3, 4)),
    "normalization_scales": ("SCALES", slice(12, 14)),
}


def few(networks: dict) -> dict:
    return {name: networks[name] for name in ("3 sigmoid layers", "10 relu layers, He")}


def a_record(values) -> Record:
    return Record("made up", {"net": {"size": np.asarray(values)}}, [0], {}, 1.0)


def test_a_number_that_moved_is_named_with_both_values(rng):
    values = np.exp(np.random.default_rng(0).normal(0, 0.1, (10, 3)))
    assert moved(a_record(values), a_record(values * 1.01)) == []
    (complaint,) = moved(a_record(values), a_record(values * [1, 2, 1]))
    assert complaint.startswith("made up: size[1] of net was")


def test_numbers_in_another_arrangement_have_moved():
    (complaint,) = moved(a_record(np.ones((10, 9))), a_record(np.ones((10, 20))))
    assert complaint == "made up: size of net was (9,) numbers for each seed, is (20,)"


def test_a_quantity_that_is_not_measured_any_more_has_moved():
    fresh = Record("made up", {"net": {"height": np.ones(10)}}, [0], {}, 1.0)
    (complaint,) = moved(a_record(np.ones(10)), fresh)
    assert complaint == "made up: size of net is not measured any more"


def test_a_number_that_is_lost_or_not_finite_has_moved():
    values = np.full((10, 1), 2.0)
    assert len(moved(a_record(values), a_record(values * np.nan))) == 1


def test_a_band_is_a_factor_to_either_side():
    found = band([[0.01], [1.0], [100.0]])
    assert found.middle == pytest.approx([1])
    assert (found.low, found.high) == (pytest.approx([0.01]), pytest.approx([100]))


def test_a_difference_is_told_in_its_standard_errors():
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.5, 4.0, 5.5])
    assert lead(a, b) == pytest.approx(1.25 / (np.sqrt(1 / 12) / 2))
    assert lead(b, a) == -lead(a, b)
    assert lead(a, a) == 0
    assert lead(a, a + 1) == np.inf
    assert below(a, b)
    assert below(a, b, by=0.9)
    assert not below(a, b, by=1.0)
    assert not below(b, a)
    assert level(a, b, within=1.6)
    assert not level(a, b, within=1.5)
    assert not level(a, b * np.nan, within=1.5)


def test_what_is_saved_is_what_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(record.resources, "files", lambda package: tmp_path)
    saved = a_record([[1.23456], [2e-9]])
    record.save(saved)
    loaded = load("made up")
    assert loaded.seeds == saved.seeds
    np.testing.assert_allclose(
        loaded.numbers["net"]["size"], saved.numbers["net"]["size"], rtol=1e-3
    )


def test_an_unknown_record_is_answered_with_those_there_are():
    with pytest.raises(FileNotFoundError, match=r"dead_or_slow.*python -m experiments"):
        load("gradients_of_the_moon")


@every_experiment
def test_every_script_has_its_record_and_every_record_its_script(name):
    for folder in FOLDER, FOLDER / "unseen":
        assert {path.stem for path in folder.glob("*.json")} == set(names())
    assert json.loads((FOLDER / f"{name}.json").read_text())["name"] == name


def test_the_command_refuses_a_name_it_does_not_know():
    command = [sys.executable, "-m", "experiments", "moon"]
    ran = subprocess.run(
        command, cwd=FOLDER.parent, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "gradients_deep_networks" in ran.stderr


@pytest.mark.parametrize("kind", ["none", "BN before", "LN", "GN"])
def test_networks_in_a_stack_learn_as_if_each_were_alone(kind):
    images, runs = some_images(), [(0, 0.01), (0, 0.3), (1, 0.3)]
    network = script("normalization_rates").network
    models = [network(kind, 2, seed).double() for seed, _ in runs]
    models[2][-1].bias.data[0] = torch.inf  # so that its loss is lost at once
    alone = [copy.deepcopy(model) for model in models]
    train(models, images, runs, epochs=2, batch=8, momentum=0.9)
    for model, stacked, (seed, rate) in zip(alone, models, runs, strict=True):
        learn(model, images, seed, rate)
        torch.testing.assert_close([*stacked.parameters()], [*model.parameters()])
    torch.testing.assert_close(models[1].state_dict(), alone[1].state_dict())


def test_a_stack_looks_ahead_and_follows_a_schedule():
    images, runs = some_images(), [(0, 0.01), (1, 0.3)]
    models = [mlp([784, 5, 10]).double() for _ in runs]
    alone = [copy.deepcopy(model) for model in models]
    train(
        models, images, runs, epochs=2, batch=8, momentum=0.9, nesterov=True,
        schedule=lambda done: 1 - done,
    )  # fmt: skip
    for model, stacked, (seed, rate) in zip(alone, models, runs, strict=True):
        factors = [1 - done / 6 for done in range(6)]  # 20 images make 3 batches
        learn(model, images, seed, rate, factors, nesterov=True)
        torch.testing.assert_close([*stacked.parameters()], [*model.parameters()])


RULES = {  # a rule of experiments.scheduled, and its twin in torch
    "heavy ball": (lambda: scheduled.HeavyBall(0.9), partial(torch.optim.SGD, momentum=0.9)),
    "Adam": (scheduled.Adam, torch.optim.Adam),
}


@pytest.mark.parametrize(("rule", "twin"), RULES.values(), ids=RULES)
def test_networks_under_schedules_learn_as_if_each_were_alone(rule, twin):
    images, seeds = some_images(), [0, 1, 1]
    rates = torch.tensor([0.01, 0.02, 0.1]).double().outer(torch.linspace(0.2, 1, 5).double())
    models = [script("schedules_contest").network(seed).double() for seed in seeds]
    images = images._replace(x=images.x[:, :196])
    alone = [copy.deepcopy(model) for model in models]
    scheduled.train(models, images, seeds, rates, rule(), batch=8)
    for model, seed, schedule in zip(alone, seeds, rates, strict=True):
        rng = torch.Generator().manual_seed(seed)
        order = torch.cat([torch.randperm(20, generator=rng) for _ in range(2)])
        optimizer = twin(model.parameters(), lr=1.0)
        for rate, chosen in zip(schedule.tolist(), order.split(8)[:5], strict=True):
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            cross_entropy(model(images.x[chosen]), images.y[chosen]).backward()
            optimizer.step()
    for model, single in zip(models, alone, strict=True):
        torch.testing.assert_close([*model.parameters()], [*single.parameters()])


def test_schedule_free_descent_ends_at_the_mean_of_its_steps():
    weights, rule, steps = {"w": torch.tensor([[4.0]])}, scheduled.ScheduleFree(0.9), []
    for _ in range(6):
        rule(weights, {"w": weights["w"].clone()}, torch.tensor([0.3]))
        steps.append(rule.z["w"].clone())
    rule.finish(weights)
    torch.testing.assert_close(weights["w"], torch.stack(steps).mean(dim=0))


def some_images():
    rng = torch.Generator().manual_seed(0)
    y = torch.randint(10, (20,), generator=rng)
    return Examples(torch.randn(20, 784, generator=rng).double(), y)


def learn(model, images, seed, rate, factors=6 * (1.0,), **settings):
    """What `train` does to each, by PyTorch's optimizer."""
    rng, factors = torch.Generator().manual_seed(seed), iter(factors)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, **settings)
    for _ in range(2):
        for chosen in torch.randperm(20, generator=rng).split(8):
            loss = cross_entropy(model(images.x[chosen]), images.y[chosen])
            if not loss.isfinite():
                return
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = rate * next(factors)
            optimizer.step()
