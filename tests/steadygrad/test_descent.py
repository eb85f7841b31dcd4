"""Descent: what a pure rule cannot get wrong, and the adapter can."""

import copy
import io
import math
import pickle

import pytest
import torch
from torch import nn
from walks import RULES, X, adam, descend, near, network, pair, same

from steadygrad.momentum import lr_inside, sgd
from steadygrad.training import Descent


def decayed(gradient, state, theta, *, weight_decay=0.0):
    """Decoupled decay: it needs the parameters, and sees to `weight_decay` itself."""
    return gradient + weight_decay * theta, state


@pytest.mark.parametrize("name", RULES)
def test_it_walks_as_torch_does_for_200_steps(name):
    rule, peer, settings = RULES[name]
    ours, theirs = pair(rule, peer, **settings)
    # Adam divides by the root of what is nearly zero in the end, which magnifies rounding
    near(
        descend(*ours, steps=200), descend(*theirs, steps=200), 1e-8 if rule is adam else 1e-12
    )


# ── Vectors ──────────────────────────────────────────────────────────────────────────────


def test_a_rule_sees_one_vector_and_the_parameters_stay_the_objects_they_were():
    seen, model = [], network()

    def watch(gradient, state):
        seen.append(gradient.shape)
        return gradient, state

    before = list(model.parameters())
    descend(model, Descent(model.parameters(), watch, lr=0.1), steps=2)
    assert seen == [(sum(p.numel() for p in before),)] * 2
    assert all(a is b for a, b in zip(before, model.parameters(), strict=True))


def test_no_two_parameters_share_a_velocity():
    ours, theirs = pair(momentum=0.9)
    for model in (ours[0], theirs[0]):
        model[2].weight.register_hook(lambda g: 100 * g)
    near(descend(*ours), descend(*theirs))


def test_a_generator_of_parameters_is_run_through_once():
    model = network()
    optimizer = Descent((p for p in model.parameters()), sgd, lr=0.01)
    start = [p.detach().clone() for p in model.parameters()]
    for before, after in zip(start, descend(model, optimizer), strict=True):
        assert not before.equal(after)
    assert all(p.grad is not None for p in model.parameters())
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_shared_parameter_steps_once():
    layer = nn.Linear(3, 3)
    tied = nn.Sequential(layer, nn.Tanh(), layer)
    twin = copy.deepcopy(tied)
    optimizers = (Descent(tied.parameters(), sgd, lr=0.1),
                  torch.optim.SGD(twin.parameters(), lr=0.1))  # fmt: skip
    for model, optimizer in zip((tied, twin), optimizers, strict=True):
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(1, 3)).sum().backward()
            optimizer.step()
    near(tied.parameters(), twin.parameters(), within=1e-7)
    assert tied[0] is tied[2]


def test_the_gradients_are_left_as_they_were():
    model = network()
    optimizer = Descent(model.parameters(), sgd, lr=0.1, momentum=0.9, weight_decay=0.5)
    descend(model, optimizer, steps=2)
    before = [p.grad.clone() for p in model.parameters()]
    optimizer.step()
    assert same(before, [p.grad for p in model.parameters()])


def test_a_rule_may_remember_what_it_was_handed():
    def lazy(gradient, state, theta):  # keeps the very tensors, which are written to again
        before = (gradient, theta) if state is None else state
        return gradient + before[0] + before[1], (gradient, theta)

    ours, again = network(), network()
    descend(ours, Descent(ours.parameters(), lazy, lr=0.01), steps=4)
    theta, state = torch.cat([p.detach().flatten() for p in again.parameters()]), None
    for _ in range(4):
        nn.utils.vector_to_parameters(theta, again.parameters())
        again.zero_grad()
        (again(X) ** 2).sum().backward()
        direction, state = lazy(
            torch.cat([p.grad.flatten() for p in again.parameters()]), state, theta
        )
        theta = theta - 0.01 * direction
    torch.testing.assert_close(nn.utils.parameters_to_vector(ours.parameters()), theta)


def test_parameters_of_two_dtypes_get_a_vector_each():
    ours, theirs = pair(momentum=0.9)
    starts = []
    for model, optimizer in (ours, theirs):
        model[4].float()
        for _ in range(4):
            optimizer.zero_grad()
            hidden = model[:4](X)
            (model[4](hidden.float()) ** 2).sum().backward()
            optimizer.step()
        starts.append([p.detach().double() for p in model.parameters()])
    near(*starts, within=1e-6)
    assert ours[0][4].weight.dtype == torch.float32


def test_channels_last_stays_channels_last():
    model = nn.Sequential(nn.Conv2d(3, 4, 3)).to(memory_format=torch.channels_last)
    twin = copy.deepcopy(model)
    x = torch.randn(2, 3, 5, 5)
    for m, o in (
        (model, Descent(model.parameters(), sgd, lr=0.1)),
        (twin, torch.optim.SGD(twin.parameters(), lr=0.1)),
    ):
        m(x).sum().backward()
        o.step()
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    near(model.parameters(), twin.parameters(), within=1e-6)


def test_sparse_gradients_are_spread_out():
    table = nn.Embedding(5, 2, sparse=True)
    optimizer = Descent(table.parameters(), sgd, lr=1.0)
    before = table.weight.detach().clone()
    table(torch.tensor([1, 1])).sum().backward()
    optimizer.step()
    moved = before - table.weight.detach()
    torch.testing.assert_close(moved, torch.tensor([0.0, 2, 0, 0, 0])[:, None].expand(5, 2))


# ── Replaced, missing, recorded ──────────────────────────────────────────────────────────


def replace_data(model):
    for p in model.parameters():
        p.data = p.data.clone()


def load(model):
    model.load_state_dict({name: value + 1 for name, value in model.state_dict().items()})


def to_float_and_back(model):
    model.float().double()


def other_order_in_memory(model):
    model[4].weight.data = model[4].weight.data.t().contiguous().t()


CHANGES = [replace_data, load, to_float_and_back, other_order_in_memory]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_parameters_are_the_ones_that_go_on(change):
    ours, theirs = pair(momentum=0.9)
    for model, optimizer in (ours, theirs):
        descend(model, optimizer, steps=3)
        change(model)
    near(descend(*ours), descend(*theirs))


def test_a_parameter_transposed_where_it_lies_is_noticed():
    ends = []
    for make in (lambda p: Descent([p], sgd, lr=0.1, momentum=0.9),
                 lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9)):  # fmt: skip
        p = nn.Parameter(torch.arange(9.0, dtype=torch.float64).view(3, 3))
        optimizer = make(p)
        for _ in range(3):
            p.grad = torch.arange(9.0, dtype=torch.float64).view(3, 3) + p.detach().sin()
            optimizer.step()
            p.data = p.data.t()
        ends.append(p.detach())
    near(ends[:1], ends[1:])


def test_the_state_follows_a_model_to_another_dtype():
    model = network()
    optimizer = Descent(model.parameters(), sgd, lr=0.01, momentum=0.9)
    descend(model, optimizer)
    model.float()
    assert all(p.dtype == torch.float32 for p in descend(model, optimizer))


def test_a_parameter_of_another_size_needs_a_new_optimizer():
    model = nn.Linear(2, 2)
    optimizer = Descent(model.parameters(), sgd, lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    model.bias.data, model.bias.grad = torch.zeros(3), torch.zeros(3)
    with pytest.raises(ValueError, match=r"shape \(2,\) .* has \(3,\) now"):
        optimizer.step()


@pytest.mark.parametrize("name", ["plain", "nesterov", "adam"])
def test_a_parameter_without_a_gradient_waits_as_in_torch(name):
    rule, peer, settings = RULES[name]
    models = pair(rule, peer, **settings)
    for model, optimizer in models:
        model[0].bias.requires_grad_(False)  # never has one
        for step in range(40):
            for number, p in enumerate(model.parameters()):
                missing = (step + number) % 4 == 0 or (number == 4 and step < 20)
                slope = torch.full_like(p, math.sin(3 * step + number))
                p.grad = slope if p.requires_grad and not missing else None
            optimizer.step()
    near(models[0][0].parameters(), models[1][0].parameters())


def test_no_gradient_at_all_is_no_step():
    model = network()
    optimizer = Descent(model.parameters(), adam, lr=0.1)
    before = [p.detach().clone() for p in model.parameters()]
    optimizer.step()
    assert same(before, model.parameters())


def test_a_gradient_of_zero_is_not_a_missing_one():
    p = nn.Parameter(torch.ones(2))
    optimizer = Descent([p], sgd, lr=1.0, momentum=0.5)
    for slope in (torch.ones(2), torch.zeros(2)):
        p.grad = slope
        optimizer.step()
    assert p.tolist() == [-0.5, -0.5]  # the velocity of the first step goes on


def test_the_step_is_not_recorded_by_autograd_but_seen_by_it():
    model = network()
    optimizer = Descent(model.parameters(), sgd, lr=0.1)
    descend(model, optimizer, steps=2)
    assert all(p.is_leaf and p.grad_fn is None and p.requires_grad for p in model.parameters())
    loss = (model(X) ** 2).sum()
    optimizer.step()  # between forward and backward: the saved weights are no longer there
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# ── Groups and settings ──────────────────────────────────────────────────────────────────


def test_groups_have_rates_and_settings_of_their_own_and_can_be_added():
    models = network(), network()
    for model, make in zip(
        models,
        (lambda g: Descent(g, sgd, lr=0.01, momentum=0.5),
         lambda g: torch.optim.SGD(g, lr=0.01, momentum=0.5)),
        strict=True,
    ):  # fmt: skip
        optimizer = make([{"params": model[0].parameters()}])
        optimizer.add_param_group({"params": model[2].parameters(), "lr": 0.05})
        descend(model, optimizer, steps=3)
        optimizer.add_param_group(
            {"params": model[4].parameters(), "momentum": 0.9, "weight_decay": 0.1}
        )
        descend(model, optimizer, steps=3)
    near(models[0].parameters(), models[1].parameters())


def test_decoupled_decay_is_the_rules_own_affair():
    p = nn.Parameter(torch.tensor([2.0]))
    optimizer = Descent([p], decayed, lr=0.5, weight_decay=0.1)
    p.grad = torch.tensor([1.0])
    optimizer.step()
    assert p.item() == pytest.approx(2 - 0.5 * (1 + 0.1 * 2))


def test_a_rule_that_asks_for_the_rate_gets_that_of_its_group():
    _, theirs = pair(momentum=0.9)
    model = network()
    inside = Descent(model.parameters(), lr_inside, lr=0.01, momentum=0.9)
    near(descend(model, inside), descend(*theirs))


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"lr": math.nan}, ValueError, "lr must be finite"),
        ({"lr": math.inf}, ValueError, "lr must be finite"),
        ({"lr": -0.1}, ValueError, "zero or more"),
        ({"lr": 0.1, "momentum": math.nan}, ValueError, "momentum must be finite"),
        (
            {"lr": 0.1, "beta": 0.9},
            TypeError,
            "no setting 'beta'; it has lr, weight_decay, mom",
        ),
    ],
)
def test_settings_that_cannot_be_right_are_refused(settings, kind, words):
    with pytest.raises(kind, match=words):
        Descent([nn.Parameter(torch.ones(1))], sgd, **settings)


def test_a_setting_without_a_default_has_to_be_given():
    def needs(gradient, state, *, beta):
        return beta * gradient, state

    with pytest.raises(TypeError, match="also needs beta"):
        Descent([nn.Parameter(torch.ones(1))], needs, lr=0.1)


def test_a_rule_that_takes_any_setting_gets_those_that_were_given():
    def scaled(gradient, state, **settings):
        assert settings == {"factor": 3.0}
        return settings["factor"] * gradient, state

    p = nn.Parameter(torch.ones(1))
    optimizer = Descent([p], scaled, lr=0.1, factor=3.0)
    p.grad = torch.ones(1)
    optimizer.step()
    assert p.item() == pytest.approx(0.7)


def test_complex_parameters_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        Descent([nn.Parameter(torch.ones(1, dtype=torch.complex64))], sgd, lr=0.1)


def test_a_closure_is_called_with_gradients_on_and_its_loss_returned():
    model = network()
    optimizer = Descent(model.parameters(), sgd, lr=0.01)

    def closure():
        optimizer.zero_grad()
        loss = (model(X) ** 2).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        losses = [optimizer.step(closure).item() for _ in range(3)]
    assert losses[0] > losses[1] > losses[2]


# ── Saved and resumed ────────────────────────────────────────────────────────────────────


def through_a_file(saved):
    file = io.BytesIO()
    torch.save(saved, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("rule", [sgd, adam], ids=["sgd", "adam"])
def test_an_interrupted_run_goes_on_to_the_bit(rule):
    settings = {"momentum": 0.9} if rule is sgd else {"betas": (0.8, 0.9)}
    model = network(dtype=torch.float32)
    model[0].bias.requires_grad_(False)
    optimizer = Descent(model.parameters(), rule, lr=0.01, **settings)
    descend(model, optimizer)
    saved = through_a_file({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    straight = descend(model, optimizer)

    again = network(seed=5, dtype=torch.float32)
    again[0].bias.requires_grad_(False)
    resumed = Descent(again.parameters(), rule, lr=1.0)
    again.load_state_dict(saved["model"])
    resumed.load_state_dict(saved["optimizer"])
    assert same(straight, descend(again, resumed))
    assert resumed.param_groups[0]["lr"] == 0.01


def test_a_saved_state_is_a_copy_and_loading_takes_another():
    model = network()
    optimizer = Descent(model.parameters(), adam, lr=0.01)
    descend(model, optimizer)
    saved, weights = optimizer.state_dict(), copy.deepcopy(model.state_dict())
    first = descend(model, optimizer)
    for _ in range(2):
        model.load_state_dict(weights)
        optimizer.load_state_dict(saved)
        assert same(first, descend(model, optimizer))


def test_a_state_of_other_shapes_is_refused():
    one, other = nn.Linear(2, 3), nn.Linear(3, 3)
    optimizer = Descent(one.parameters(), sgd, lr=0.1, momentum=0.9)
    one(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    with pytest.raises(ValueError, match="of shapes"):
        Descent(other.parameters(), sgd, lr=0.1).load_state_dict(optimizer.state_dict())


def test_a_state_resumes_in_a_model_with_another_order_in_memory():
    def make(memory_format):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten()).to(memory_format=memory_format)
        return model, Descent(model.parameters(), sgd, lr=0.01, momentum=0.9)

    def run(model, optimizer):
        for _ in range(3):
            optimizer.zero_grad()
            (model(torch.arange(18.0).view(1, 2, 3, 3) / 9) ** 2).sum().backward()
            optimizer.step()

    model, optimizer = make(torch.contiguous_format)
    run(model, optimizer)
    again, resumed = make(torch.channels_last)
    again.load_state_dict(model.state_dict())
    resumed.load_state_dict(optimizer.state_dict())
    run(model, optimizer)
    run(again, resumed)
    near(model.parameters(), again.parameters(), 1e-5)  # float32, summed in another order


def test_a_state_of_another_optimizer_or_rule_is_refused():
    model = network()
    torchs = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    ours = Descent(model.parameters(), sgd, lr=0.01, momentum=0.9)
    descend(model, torchs)
    with pytest.raises(ValueError, match="another kind of optimizer"):
        ours.load_state_dict(torchs.state_dict())
    descend(model, ours)
    other = Descent(model.parameters(), adam, lr=0.01)
    with pytest.raises(ValueError, match="lacks betas, eps"):
        other.load_state_dict(ours.state_dict())
    descend(model, other)  # and is as it was


def test_a_state_of_an_unknown_class_says_what_to_import():
    p = nn.Parameter(torch.ones(2))
    optimizer = Descent([p], adam, lr=0.1)
    p.grad = torch.ones(2)
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"]["group 0"][0]["memory"]["class"] = "elsewhere:Moments"
    with pytest.raises(LookupError, match="import the rule"):
        Descent([p], adam, lr=0.1).load_state_dict(saved)


def test_any_plain_state_survives_and_the_rest_is_refused():
    def odd(gradient, state):
        return gradient, {"seen": [1, 2.5, None, "x", True], 3: (gradient * 1,)}

    p = nn.Parameter(torch.ones(2))
    optimizer = Descent([p], odd, lr=0.1)
    p.grad = torch.ones(2)
    optimizer.step()
    other = Descent([p], odd, lr=0.1)
    other.load_state_dict(through_a_file(optimizer.state_dict()))
    assert str(other._flats[0][0].state) == str(optimizer._flats[0][0].state)

    optimizer._flats[0][0].state = object()
    with pytest.raises(TypeError, match="cannot be saved"):
        optimizer.state_dict()


def test_a_part_of_a_model_is_saved_as_small_as_it_is_also_after_steps():
    """torch.save writes whole memories, so no parameter may lie in one with the others."""
    body, head = nn.Linear(1000, 100), nn.Linear(100, 2)
    optimizer = Descent([*body.parameters(), *head.parameters()], adam, lr=0.01)
    sizes = []
    for _ in range(3):
        head(body(torch.ones(1, 1000))).sum().backward()
        optimizer.step()
        file = io.BytesIO()
        torch.save(head.state_dict(), file)
        sizes.append(file.tell())
    assert max(sizes) < 4 * (200 + 2) + 4000  # its numbers, and what a file says about them


def test_parameters_stay_where_they_lie():
    """What looks at the same memory, as a state_dict that was not copied, sees the steps."""
    model = network()
    kept, places = model.state_dict(), [p.data_ptr() for p in model.parameters()]
    descend(model, Descent(model.parameters(), adam, lr=0.01))
    assert places == [p.data_ptr() for p in model.parameters()]
    assert same(kept.values(), [p.detach() for p in model.parameters()])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_model_and_optimizer_goes_its_own_way(copied):
    model = network()
    optimizer = Descent(model.parameters(), adam, lr=0.01)
    descend(model, optimizer)
    twin, its = copied((model, optimizer))
    straight = descend(model, optimizer)
    assert same(straight, descend(twin, its))
    descend(twin, its)
    assert same(straight, model.parameters())


# ── Torch's own tools ────────────────────────────────────────────────────────────────────

SCHEDULERS = {
    "lambda": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + t)),
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.5),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 8),
    "one cycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=20),
}


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("which", ["momentum", "adam"])
def test_torchs_schedulers_drive_it(name, which):
    rule, peer, settings = RULES[which]
    models = pair(rule, peer, **settings)
    for model, optimizer in models:
        descend(model, optimizer, 15, SCHEDULERS[name](optimizer))
    near(models[0][0].parameters(), models[1][0].parameters())
    assert models[0][1].param_groups[0]["lr"] == models[1][1].param_groups[0]["lr"]


def test_a_scheduler_that_watches_the_loss_drives_it_and_resumes():
    model = network()
    optimizer = Descent(model.parameters(), sgd, lr=0.01)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    for _ in range(3):
        scheduler.step(1.0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)


def test_grad_scaler_unscales_and_skips_a_step_that_overflowed():
    p = nn.Parameter(torch.ones(2))
    optimizer = Descent([p], sgd, lr=0.5, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    for factor, expected in ((1.0, 0.5), (math.inf, 0.5), (1.0, -0.45)):
        optimizer.zero_grad()
        scaler.scale((p * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert p.tolist() == pytest.approx([expected] * 2)


def test_hooks_run_before_and_after_a_step():
    seen, p = [], nn.Parameter(torch.ones(2))
    optimizer = Descent([p], sgd, lr=0.5)
    optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    optimizer.step()
    assert seen == ["before", "after"]


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda gradient: (gradient.sum(), None), r"of the shape \(\)"),
        (lambda gradient: (gradient[:1], None), r"of the shape \(1,\)"),
        (lambda gradient: gradient, "something else"),
        (lambda gradient: (None, gradient), "something else"),
    ],
)
def test_what_is_no_direction_is_refused(answer, words):
    p = nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    with pytest.raises(ValueError, match=words):
        Descent([p], lambda gradient, state: answer(gradient), lr=0.1).step()
