"""Chapter 4's explorer: what it measures, and that its picture follows every slider."""

import pytest
import torch

from steadygrad.explorers import tiny_norms
from steadygrad.explorers.normalization import SIZES, measure


def test_running_values_settle_where_the_data_are():
    measured = measure(batch_size=512)
    assert measured.running_mean[-1].item() == pytest.approx(2.0, abs=0.1)
    assert measured.running_var[-1].item() == pytest.approx(2.25, abs=0.15)
    assert measured.after.mean().abs() < 0.1


def test_momentum_one_keeps_the_last_batch_only():
    measured = measure(momentum=1.0)
    torch.testing.assert_close(measured.running_mean, measured.batch_mean)


def test_a_shift_is_not_taken_off():
    assert measure(shift=3.0).after.mean().item() == pytest.approx(3 / 1.5, abs=0.15)


def test_an_output_depends_less_on_a_larger_batch():
    company = measure().company
    assert len(company) == len(SIZES)
    assert (company.diff() < 0).all()
    assert company[0] > 10 * company[-1]


def test_in_small_batches_only_batch_norm_fails():
    errors = measure().errors
    assert errors["batch norm"][0] > 10 * errors["layer norm"][0]
    assert errors["batch norm"][1] > 5 * errors["group norm"][1]
    assert max(error[2:].max() for error in errors.values()) < 0.05


@pytest.mark.parametrize("momentum", [0.01, 1.0])
def test_either_extreme_momentum_costs_batch_norm_from_batches_of_8_on(momentum):
    start, extreme = measure().errors, measure(momentum=momentum).errors
    assert (extreme["batch norm"][2:] > start["batch norm"][2:]).all()


def test_momentum_reaches_only_batch_norm_and_a_shift_reaches_all():
    start, last_batch, moved = (
        m.errors for m in (measure(), measure(momentum=1.0), measure(shift=2.0))
    )
    assert last_batch["batch norm"][2] > 2 * start["batch norm"][2]
    for norm in ("group norm", "layer norm"):
        assert last_batch[norm].equal(start[norm])
    assert min(error[-1] for error in moved.values()) > 0.1


def test_a_batch_of_one_has_no_variance():
    measured = measure(batch_size=1)
    assert measured.batch_var.eq(0).all()
    assert measured.running_var[-1] < 1e-4
    assert measured.after.isfinite().all()


def test_the_same_settings_give_the_same_numbers_and_disturb_nothing():
    state = torch.get_rng_state()
    (*first, its_errors), (*second, other_errors) = measure(), measure()
    assert all(a.equal(b) for a, b in zip(first, second, strict=True))
    assert all(its_errors[norm].equal(other_errors[norm]) for norm in tiny_norms.NORMS)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_says_what_it_shows(figure):
    assert "true 2.25" in figure.sentence
