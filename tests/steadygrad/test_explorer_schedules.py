"""Chapter 8's explorer: its handles, its curves, its training, and what it says of them."""

import io
from itertools import product

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad import schedules
from steadygrad.data import circle
from steadygrad.explorers.plans import GRIPS, NAMES, STEPS, Settings, nudged, planned
from steadygrad.explorers.schedules import explorer
from steadygrad.explorers.trials import EVERY, LOOKS, TRAIN, smooth, train

OTHER = Settings(0.3, 0.1, 40, 0.5, (60, 120), 30, 50, 1, 80, 0.2, 130, 16)
LIBRARY = {  # with all its checks
    "constant": lambda s, _t: s.peak,
    "power": lambda s, t: schedules.power_decay(t, s.peak, s.half),
    "exponential": lambda s, t: schedules.exponential_decay(t, s.peak, s.gamma ** (1 / STEPS)),
    "step": lambda s, t: schedules.step_decay(t, s.peak, s.gamma, s.drops),
    "cosine": lambda s, t: schedules.cosine(t, s.peak, s.floor * s.peak, STEPS),
    "warm-up cosine": lambda s, t: schedules.warmup_cosine(
        t, s.peak, s.floor * s.peak, s.warmup, STEPS
    ),
    "warm restarts": lambda s, t: schedules.cosine_warm_restarts(
        t, s.peak, s.floor * s.peak, s.cycle, s.mult
    ),
    "1cycle": lambda s, t: schedules.one_cycle(
        t, s.peak, STEPS, (s.turn + 1) / STEPS, 1 / s.start
    )[0],
    "warm-up, stable, decay": lambda s, t: schedules.warmup_stable_decay(
        t, s.peak, s.floor * s.peak, s.warmup, STEPS - s.level_until, STEPS
    ),
}
HANDLES = [(front, name) for front, grips in GRIPS.items() for name in grips]
FAR = [*product((-50, 0, 7.4, 140, 999), (-1.0, 0.0, 2e-3, 0.1, 70.0))]  # steps and rates


def row(name: str) -> int:
    return NAMES.index(name)


def measure(**settings):
    *_, seen = train(Settings()._replace(**settings))
    return seen


# ── The curves and their handles ────────────────────────────────────────────────────


@pytest.mark.parametrize("name", LIBRARY)
def test_a_curve_is_the_librarys_schedule(name):
    for settings in (Settings(), OTHER):
        expected = [LIBRARY[name](settings, t) for t in range(STEPS + 1)]
        assert planned(settings)[0][row(name)].tolist() == pytest.approx(expected, rel=1e-5)


def test_every_schedule_has_a_handle():
    assert tuple(GRIPS) == NAMES
    assert all(GRIPS.values())


@pytest.mark.parametrize(("front", "name"), HANDLES)
def test_a_handle_lies_on_its_curve(front, name):
    for settings in (Settings(), OTHER):
        step, rate = GRIPS[front][name].at(settings)
        curve = planned(settings)[0][row(front)]
        if (
            name == "cycle"
        ):  # at the foot of the jump, which one step earlier has all but reached
            assert curve[int(step)].item() == pytest.approx(settings.peak)
            assert rate <= curve[int(step) - 1].item() < rate + 0.01 * settings.peak
        else:
            assert curve[int(step)].item() == pytest.approx(rate, rel=1e-5)


@pytest.mark.parametrize(("front", "name"), HANDLES)
def test_a_handle_that_is_let_go_where_it_was_changes_nothing(front, name):
    grip = GRIPS[front][name]
    for settings in (Settings(), OTHER):
        assert grip.to(settings, *grip.at(settings)) == settings


@pytest.mark.parametrize(("front", "name"), HANDLES)
def test_wherever_a_handle_is_moved_to_the_settings_stay_valid(front, name):
    grip = GRIPS[front][name]
    for settings, (step, rate) in product((Settings(), OTHER), FAR):
        moved = grip.to(settings, step, rate)
        for of in LIBRARY.values():
            for t in (0, 1, STEPS // 2, STEPS):  # the library refuses what is out of range
                assert of(moved, t) >= 0
        assert grip.to(moved, *grip.at(moved)) == moved


@pytest.mark.parametrize(("front", "name"), HANDLES)
def test_a_handle_goes_where_it_is_moved_to_as_far_as_it_may(front, name):
    grip = GRIPS[front][name]
    step, rate = grip.at(grip.to(Settings(), 110, 0.05))
    if "x" in grip.ways and name != "warmup":  # which ends at half of the run
        assert step == 110
    if "y" in grip.ways:
        assert rate == pytest.approx(0.05, rel=5e-3)


def test_arrow_keys_move_by_a_step_and_by_5_per_cent():
    grip = GRIPS["warm-up cosine"]["warmup"]
    assert nudged(Settings(), grip, 3, 0) == Settings(warmup=23)
    assert nudged(Settings(), grip, 0, 1).peak == pytest.approx(0.2 * 1.047, rel=3e-3)
    assert nudged(nudged(Settings(), grip, 0, 1), grip, 0, -1).peak == pytest.approx(0.2)


def test_a_floor_comes_up_from_zero_and_goes_back_by_keys():
    grip = GRIPS["cosine"]["floor"]
    raised = nudged(Settings(), grip, 0, 1)
    assert 0 < raised.floor < 0.01
    assert nudged(raised, grip, 0, -2).floor == 0


# ── The training ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["step", "1cycle"])
def test_the_losses_are_those_of_a_plain_loop(name):
    rng = torch.Generator().manual_seed(0)
    data = circle(TRAIN, 1.0, rng=rng)
    first = 2**-0.5 * torch.randn((3, 12), generator=rng)
    second = 12**-0.5 * torch.randn((13, 2), generator=rng)
    net = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 2))
    for layer, drawn in zip(net[::2], (first, second), strict=True):
        layer.weight.data, layer.bias.data = drawn[:-1].T.clone(), drawn[-1].clone()
    optimizer, losses = torch.optim.SGD(net.parameters(), lr=1, momentum=0.9), []
    for t in range(100):
        group = optimizer.param_groups[0]
        group["lr"] = LIBRARY[name](Settings(), t)
        if name == "1cycle":
            group["momentum"] = schedules.one_cycle(t, 0.2, STEPS)[1]
        chosen = torch.randint(TRAIN, (8,), generator=rng)
        optimizer.zero_grad()
        F.cross_entropy(net(data.x[chosen] / 5), data.y[chosen]).backward()
        optimizer.step()
        if t % EVERY == EVERY - 1:
            losses.append(F.cross_entropy(net(data.x / 5), data.y).item())
    found = measure().losses[row(name), : len(losses)]
    assert found.tolist() == pytest.approx(losses, rel=1e-3)  # rounding grows along a run


def test_every_net_starts_alike_and_sees_the_same_batches():
    found = measure(warmup=0, floor=1.0, gamma=1.0)  # all but three are constant now
    for name in ("exponential", "step", "plateau", "cosine", "warm-up cosine"):
        torch.testing.assert_close(found.losses[row(name)], found.losses[row("constant")])


def test_a_run_is_told_look_by_look_and_has_a_validation_loss_at_its_end():
    seen = list(train(Settings()))
    assert [each.step for each in seen] == [*range(0, STEPS + 1, EVERY)]
    assert seen[-1].losses.shape == (len(NAMES), LOOKS)
    assert torch.equal(seen[20].losses, seen[-1].losses[:, :20])
    assert torch.equal(seen[0].rates, planned(Settings())[0])  # as it was handed out
    assert all(each.validation.isnan().all() for each in seen[:-1])
    assert seen[-1].done
    gap = seen[-1].validation - smooth(seen[-1].losses)[:, -1]
    assert gap.abs().max() < 0.1


def test_a_plateau_lowers_its_rate_only_when_the_loss_stays():
    found = measure(peak=0.4, gamma=0.5).rates[row("plateau")]
    assert found[0] == pytest.approx(0.4)
    assert (found.diff() <= 0).all()
    assert found[-1] < 0.4


def test_a_single_point_a_step_needs_a_falling_rate():
    found = measure(batch_size=1, peak=0.1).validation
    assert found[row("constant")] > 1.3 * found[row("cosine")]


def test_the_same_settings_give_the_same_numbers_and_disturb_nothing():
    state = torch.get_rng_state()
    one, two = measure(), measure()
    assert torch.equal(one.losses, two.losses)
    assert torch.equal(one.validation, two.validation)
    assert torch.equal(torch.get_rng_state(), state)


def test_smoothing_is_the_mean_of_the_last_five_and_an_explosion_passes():
    losses = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [torch.inf, *[1.0] * 5]])
    smoothed = smooth(losses)
    assert smoothed[0].tolist() == pytest.approx([1, 1.5, 2, 2.5, 3, 4])
    assert smoothed[1, 0] == 1e9
    assert smoothed[1, -1] == pytest.approx(1)
    assert smooth(losses[:, :0]).shape == (2, 0)


# ── What the page sends and is told ─────────────────────────────────────────────────


@pytest.fixture
def designer():
    return explorer()


def say(designer, *messages):
    number = designer.answered + 1
    designer._receive(designer, {"number": number, "messages": [*messages]}, [])
    assert designer.answered == number


def drag(step, rate, grip="warmup"):
    return {"do": "drag", "grip": grip, "step": step, "rate": rate}


def until_it_is_over(designer):
    for _ in range(STEPS):
        if designer.now["step"] == STEPS:
            return
        say(designer, {"do": "train"})
    raise AssertionError("It never ends.")


def test_it_opens_with_a_whole_run_in_front_and_none_before(designer):
    assert designer.now["step"] == STEPS
    assert designer.before is None
    assert "validation loss ends at 0.31" in designer.sentence


def test_a_handle_that_is_dragged_bends_the_curve_and_begins_a_run(designer):
    first, was = designer.now["rates"], designer.sentence
    say(designer, {"do": "grab"}, drag(30, 0.25), drag(41, 0.3))
    assert (designer.settings.warmup, designer.settings.peak) == (41, 0.3)
    assert designer.now["rates"] == planned(designer.settings)[0].numpy().tobytes()
    assert designer.now["step"] < STEPS
    assert designer.before["rates"] == first
    assert designer.sentence == was  # nothing is read out on the way
    say(designer, {"do": "release"})
    until_it_is_over(designer)
    expected = measure(warmup=41, peak=0.3)
    assert designer.now["losses"] == expected.losses.numpy().tobytes()
    assert designer.sentence != was
    assert "before the change it was 0.31" in designer.sentence


def test_it_trains_only_when_it_is_asked_to_and_the_latest_settings_win(designer):
    say(designer, {"do": "nudge", "grip": "warmup", "across": 1, "up": 0})
    assert designer.now["step"] == 0
    say(designer, {"do": "train"})
    on_the_way = designer.now["step"]
    assert 0 < on_the_way < STEPS
    say(designer, {"do": "nudge", "grip": "warmup", "across": 1, "up": 0})
    assert designer.now["step"] == 0
    until_it_is_over(designer)
    assert designer.now["losses"] == measure(warmup=22).losses.numpy().tobytes()


def test_the_axis_stays_where_it_is_under_a_moving_hand(designer):
    say(designer, {"do": "grab"}, drag(20, 1.5))
    assert designer.top == 0.4
    say(designer, {"do": "release"})
    assert designer.top == 2


def test_another_schedule_comes_to_the_front_without_a_new_run(designer):
    losses = designer.now["losses"]
    say(designer, {"do": "front", "name": "warm restarts"})
    assert [grip["name"] for grip in designer.grips] == ["peak", "cycle"]
    assert [choice["name"] for choice in designer.choices] == ["batch_size", "mult"]
    assert designer.now["losses"] == losses
    assert designer.sentence.startswith("With warm restarts")
    say(designer, drag(40, 0.1))  # of the schedule that was in front a moment ago
    assert designer.settings == Settings()


def test_a_choice_trains_anew(designer):
    say(designer, {"do": "choose", "name": "batch_size", "value": 64})
    assert designer.settings == Settings(batch_size=64)
    assert designer.now["step"] == 0


def test_a_run_that_explodes_is_said_in_words(designer):
    say(designer, {"do": "front", "name": "constant"})
    say(designer, {"do": "choose", "name": "batch_size", "value": 1})
    say(designer, drag(0, 3.0, "peak"))
    until_it_is_over(designer)
    assert designer.error == ""
    assert "nan" not in designer.sentence
    assert "inf" not in designer.sentence


def test_an_error_is_shown_and_the_page_does_not_wait_for_ever(designer):
    say(designer, {"do": "nonsense"})
    assert "AttributeError" in designer.error
    say(designer, {"do": "again"})
    assert designer.error == ""


def test_the_still_picture_has_twice_the_pixels_and_is_always_the_same(designer):
    picture = designer.still()
    assert Image.open(io.BytesIO(picture)).size == (1800, 1200)
    assert picture == explorer().still()
