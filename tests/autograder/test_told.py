"""What wrong answers of learners are told: each was told something beside the point."""

import pytest
import torch
from torch.nn.functional import layer_norm

from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here


def report(exercise, submission):
    return grade(EXERCISES[exercise], run_here(submission), practice=True)


def sizes_of_weights(model):
    weights = [(n, p) for n, p in model.named_parameters() if n.endswith("weight")]
    return {name: weight.detach().square().mean().sqrt().item() for name, weight in weights}


def sizes_of_everything(model):
    return {n: p.detach().square().mean().sqrt().item() for n, p in model.named_parameters()}


@pytest.mark.parametrize("submission", [sizes_of_weights, sizes_of_everything])
def test_sizes_of_weights_are_not_told_that_a_missing_gradient_stops_them(submission):
    said = report("gradients.layer_gradient_rms", submission)
    assert "values for gradients" in said.lead
    assert "stops your function" not in str(said)


def test_a_list_for_a_dictionary_is_not_told_of_nan():
    said = report(
        "gradients.layer_gradient_rms", lambda model: [*sizes_of_weights(model).values()]
    )
    assert "NaN" not in str(said)
    assert "should be a dictionary, got a list of 2" in said.lead


def test_weights_multiplied_without_slopes_are_named():
    said = report(
        "gradients.sigmoid_chain_gradient",
        lambda weights, x: torch.stack(list(weights)).prod() * torch.ones_like(x),
    )
    assert said.lead == "Looks like: slopes forgotten."


def standardized(x, gamma, beta, dims, eps):
    shape = [1, -1] + [1] * (x.dim() - 2)
    mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * gamma.view(shape) + beta.view(shape), mean, var


def always_training(
    x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    dims = [d for d in range(x.dim()) if d != 1]
    y, mean, var = (part for part in standardized(x, gamma, beta, dims, eps))
    count = x.numel() / x.shape[1]
    mean, var = mean.detach().flatten(), var.detach().flatten() * count / (count - 1)
    kept = (1 - momentum) * running_mean + momentum * mean
    return y, kept, (1 - momentum) * running_var + momentum * var


def layer_norm_of_features(
    x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    return layer_norm(x, x.shape[1:], gamma, beta, eps), running_mean, running_var


def layer_norm_by_hand(
    x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5
):
    mean, var = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
    y = (x - mean) / (var + eps).sqrt() * gamma + beta
    kept = (1 - momentum) * running_mean + momentum * mean
    return y, kept, (1 - momentum) * running_var + momentum * var


def test_batch_norm_without_training_is_told_so_and_earns_at_most_half():
    said = report("normalization.batch_norm", always_training)
    assert said.lead.startswith("Looks like: training ignored")
    assert "NaN" not in str(said)
    assert said.first_complaint.startswith("On “evaluating”: entry [0, 0] of y should be")
    assert said.score == 2.5


@pytest.mark.slow
@pytest.mark.parametrize("submission", [layer_norm_of_features, layer_norm_by_hand])
def test_layer_norm_for_batch_norm_does_not_begin_with_what_images_raise(submission):
    said = report("normalization.batch_norm", submission)
    assert "RuntimeError" not in said.lead
    assert said.first_complaint.startswith("On “training on six examples”: ")
