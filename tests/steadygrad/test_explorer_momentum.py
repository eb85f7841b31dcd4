"""Chapter 6's explorer: its walks and its map are the library's, and it follows its reader."""

import io
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from steadygrad import momentum
from steadygrad.explorers import valley
from steadygrad.explorers.valley import CONVENTIONS, START, chart, limit, measure, regions


def hessian(condition):
    axes = torch.from_numpy(valley.AXES)
    return axes @ torch.diag(torch.tensor([1 / condition, 1.0], dtype=torch.float64)) @ axes.T


def stand(figure, **values):
    """Move several things at once, as the page does."""
    with figure.hold_trait_notifications():
        for name, value in values.items():
            setattr(figure, name, value)
    assert figure.error == ""


# ── Walks ───────────────────────────────────────────────────────────────────────────


def test_the_walk_is_the_librarys():
    h, start = hessian(100.0), torch.tensor(START, dtype=torch.float64)
    path = momentum.quadratic_path(h, start, 0.5, 0.8, 200)
    found = measure(lr=0.5, mu=0.8)
    np.testing.assert_allclose(found.path, path.numpy(), atol=1e-12)
    losses = torch.einsum("ti,ij,tj->t", path, h, path)
    np.testing.assert_allclose(found.loss, (losses / losses[0]).numpy(), atol=1e-12)


def test_the_rate_inside_is_the_same_walk_and_the_running_mean_a_shorter_one():
    paths = {c: measure(convention=c, lr=0.5).path for c in CONVENTIONS}
    np.testing.assert_allclose(paths["heavy ball"], paths["rate inside"])
    steps = {c: np.linalg.norm(path[1] - path[0]) for c, path in paths.items()}
    assert steps["running mean"] == pytest.approx(steps["heavy ball"] / 10)


def test_from_the_step_that_is_told_on_the_loss_stays_below_a_millionth():
    found = measure(lr=1.0, mu=0.9, steps=500)
    assert found.loss[found.needs - 1] >= valley.GOAL > found.loss[found.needs :].max()
    assert measure(lr=1.0, mu=0.9, steps=found.needs - 1).needs is None
    assert measure(lr=5.0, mu=0.9).needs is None


def test_plain_descent_needs_as_many_steps_as_the_chapter_counts():
    best = valley.best_plain(100.0)
    assert measure(lr=best, mu=0.0, steps=valley.length(100.0)).needs == 346


def test_noise_keeps_it_from_the_bottom_and_a_seed_repeats_it():
    quiet, noisy = measure(), measure(noise=1.0)
    assert noisy.loss[-1] > 10 * quiet.loss[-1]
    np.testing.assert_array_equal(measure(noise=1.0).path, noisy.path)


# ── The map ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_each_convention_diverges_from_its_own_limit_on(convention, beta):
    rate = limit(convention, beta)
    below, above = (
        measure(convention=convention, mu=beta, lr=share * rate, condition=5.0, steps=500)
        for share in (0.98, 1.02)
    )
    assert below.loss[-1] < 1e-3
    assert above.loss[-1] > 1e3


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("row", "column"), [(0, 20), (20, 25), (30, 10), (40, 25)])
def test_the_map_says_how_fast_a_walk_falls_in_the_long_run(convention, row, column):
    of = chart(convention, 10.0)
    found = measure(
        convention=convention,
        condition=10.0,
        lr=of.rates[row, column],
        mu=of.momenta[row, column],
        steps=1200,
    )
    tenfolds = -np.log10(found.loss[1:])
    end = min(1150, np.flatnonzero(np.append(tenfolds, 201) > 200)[0])
    assert end > 100  # long enough for swings not to matter
    speed = np.polyfit(np.arange(end - 50), tenfolds[50:end], 1)[0]
    assert speed == pytest.approx(of.speed[row, column], rel=0.03)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_nothing_on_the_map_is_faster_than_its_best(convention):
    for condition in (10.0, 300.0):
        best = max(valley.both(convention, condition, *chart(convention, condition).best))
        assert -2 * math.log10(best) >= chart(convention, condition).speed.max() - 1e-9


def test_the_bands_hold_what_they_say():
    shapes = dict(regions("heavy ball", 100.0))
    assert list(shapes) == [math.inf, 1000, 300, 100, 30, 10]
    for band, faster in [(300, 100), (100, 30), (30, 10)]:
        for lr, mu in np.vstack(shapes[band])[::7]:
            steps = valley.tenfold(max(valley.both("heavy ball", 100.0, lr, min(mu, 0.99))))
            assert 0.9 * faster < steps < 1.1 * band or lr > 0.95 * limit("heavy ball", mu)


# ── What the page draws ─────────────────────────────────────────────────────────────


def test_what_is_drawn_follows_what_is_moved(figure):
    stand(figure, lr=0.5, mu=0.6, start=[4.0, 3.0], condition=50.0)
    found = measure(
        lr=0.5, mu=0.6, start=(4.0, 3.0), condition=50.0, steps=figure.plain["steps"]
    )
    np.testing.assert_allclose(figure.walk["path"], found.path, atol=1e-3)
    assert figure.walk["needs"] == found.needs
    assert figure.plain["path"][0] == [4.0, 3.0]
    assert figure.chart["best"] == pytest.approx(momentum.best_heavy_ball(1 / 50, 1.0))
    json.dumps(figure.get_state(["walk", "plain", "chart", "rings"]), allow_nan=False)


def test_a_part_is_made_anew_only_where_it_changes(figure):
    before = {name: getattr(figure, name) for name in ("plain", "chart", "rings", "walk")}
    stand(figure, mu=0.5)
    assert figure.walk is not before.pop("walk")
    for name, part in before.items():
        assert getattr(figure, name) is part


def test_a_start_is_kept_in_view_and_off_the_minimum(figure):
    stand(figure, start=[0.0, 0.0])
    assert math.hypot(*figure.start) == pytest.approx(0.5)
    stand(figure, start=[99.0, -99.0])
    assert figure.start == [10.0, -6.0]


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("condition", [1.0, 1000.0])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_no_setting_is_too_far(figure, convention, condition, noise):
    for lr in (0.05, 50.0):
        for mu in (0.0, 0.99):
            stand(figure, lr=lr, mu=mu, convention=convention, condition=condition, noise=noise)
            assert len(figure.sentence) > 60
            parts = figure.get_state(["walk", "plain", "chart"])
            assert len(json.dumps(parts, allow_nan=False)) < 250_000


def test_among_noise_plain_descent_has_the_same_rate_where_that_converges(figure):
    stand(figure, noise=0.5)
    assert figure.plain["rate"] == 1.0
    assert "plain descent at the same rate 1 one" in figure.sentence
    stand(figure, lr=3.0)
    assert figure.plain["rate"] == valley.best_plain(100.0)


def test_the_sentence_counts_steps(figure):
    assert figure.sentence.startswith("Plain descent at its best rate 1.98 needs 346 steps")
    assert f"needs {figure.walk['needs']} steps. In the long run" in figure.sentence
    stand(figure, convention="Nesterov", lr=1.2)
    assert "every 20 steps along the valley and every 3 steps across it" in figure.sentence


def test_the_sentence_says_what_the_rate_must_stay_below(figure):
    stand(figure, lr=4.0)
    assert "the heavy ball diverges: with this momentum the rate must stay below 3.8" in (
        figure.sentence
    )
    stand(figure, lr=2.0, mu=0.0)
    assert "neither comes nearer nor leaves" in figure.sentence


def test_a_reader_without_a_kernel_sees_a_picture_with_twice_the_pixels_and_words(figure):
    picture = Image.open(io.BytesIO(figure.still()))
    assert picture.size[0] == 2 * figure.still_width
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 100  # it is not empty
    assert figure.sentence in figure._left_behind()["text/plain"]
