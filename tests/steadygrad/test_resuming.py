"""Callbacks, and a run that is cut off anywhere and goes on as if nothing had happened."""

import importlib.util
import math

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, lr_scheduler

from steadygrad.data import Examples, gauss
from steadygrad.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    Schedule,
    TensorBoard,
    evaluate,
    fit,
    tensorboard_writer,
)


def points(n: int = 100, seed: int = 1) -> Examples:
    return gauss(n, noise=0.5, rng=torch.Generator().manual_seed(seed))


def model(seed: int = 0) -> nn.Module:
    """With all that has state of its own: running statistics, and dropout's random draws."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2)
        )


SETTINGS = {
    "SGD with momentum, cosine each step": (
        lambda p: SGD(p, lr=0.1, momentum=0.9),
        lambda o: Schedule(lr_scheduler.CosineAnnealingLR(o, T_max=28)),
    ),
    "Adam, one cycle each step": (
        lambda p: Adam(p, lr=0.01),
        lambda o: Schedule(lr_scheduler.OneCycleLR(o, max_lr=0.05, total_steps=100)),
    ),
    "Adam, steps at epochs": (
        lambda p: Adam(p, lr=0.01),
        lambda o: Schedule(lr_scheduler.MultiStepLR(o, [1, 3]), "epoch"),
    ),
    "SGD with momentum, warm-up and then plateaus": (
        lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        lambda o: Schedule(lr_scheduler.ReduceLROnPlateau(o, patience=0), "epoch"),
    ),
    "Adam, warm-up followed by decay": (
        lambda p: Adam(p, lr=0.01, amsgrad=True),
        lambda o: Schedule(
            lr_scheduler.SequentialLR(
                o,
                [lr_scheduler.LinearLR(o, 0.1, total_iters=5),
                 lr_scheduler.ExponentialLR(o, 0.9)],
                milestones=[5],
            )
        ),
    ),
}  # fmt: skip


class Interrupt(Callback):
    """The power fails right after this step."""

    def __init__(self, at: int):
        self.at = at

    def after_step(self, run):
        if len(run.history.batch_loss) == self.at:
            raise ConnectionError


def run(setting, *more, path=None, resume=None, at=None, **options):
    """One run of 4 epochs of 7 batches, cut off after `at` steps; the model and its history."""
    make, schedule = SETTINGS[setting]
    net = model(seed=0 if resume is None else 99)  # what is loaded must not matter
    optimizer = make(net.parameters())
    callbacks = [schedule(optimizer), *more]
    if at is not None:
        callbacks.append(Interrupt(at + 1))
    if path is not None:
        callbacks.append(Checkpoint(path, every_steps=1))
    elif resume is not None:
        callbacks += [Interrupt(-1), Checkpoint(resume)]
    history = fit(
        net, points(), test=points(40, seed=2), epochs=4, batch_size=16,
        optimizer=optimizer, callbacks=callbacks, resume=resume, seed=3, **options,
    )  # fmt: skip
    return net, optimizer, history


def same_to_the_bit(one, other) -> None:
    torch.testing.assert_close(one[0].state_dict(), other[0].state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(
        one[1].state_dict()["state"], other[1].state_dict()["state"], rtol=0, atol=0
    )
    assert one[1].param_groups[0]["lr"] == other[1].param_groups[0]["lr"]
    assert one[2] == other[2]


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("at", [1, 6, 7, 8, 19, 27])  # within an epoch, and at its very end
def test_a_run_cut_off_and_resumed_equals_one_that_was_not_to_the_bit(setting, at, tmp_path):
    whole = run(setting)
    with pytest.raises(ConnectionError):
        run(setting, path=tmp_path / "run", at=at)
    torch.rand(5)  # what happened in between
    same_to_the_bit(run(setting, resume=tmp_path / "run"), whole)


def test_a_run_can_be_cut_off_twice(tmp_path):
    setting = "Adam, one cycle each step"
    with pytest.raises(ConnectionError):
        run(setting, path=tmp_path / "run", at=5)
    make, schedule = SETTINGS[setting]
    net = model(seed=7)
    optimizer = make(net.parameters())
    callbacks = [
        schedule(optimizer),
        Interrupt(18),
        Checkpoint(tmp_path / "run", every_steps=3),
    ]
    with pytest.raises(ConnectionError):
        fit(net, points(), test=points(40, seed=2), epochs=4, batch_size=16, seed=3,
            optimizer=optimizer, callbacks=callbacks, resume=tmp_path / "run")  # fmt: skip
    same_to_the_bit(run(setting, resume=tmp_path / "run"), run(setting))


def test_what_is_left_out_of_a_checkpoint_shows(tmp_path):
    """Each part of the file decides something: without any one of them the run is another."""
    setting = "SGD with momentum, cosine each step"
    whole = run(setting)
    with pytest.raises(ConnectionError):
        run(setting, path=tmp_path / "run", at=9)
    fresh = {
        "random": lambda s: s["random"] | {"cpu": torch.Generator().manual_seed(3).get_state()},
        "optimizer": lambda s: s["optimizer"] | {"state": {}},
        "callbacks": lambda s: [
            s["callbacks"][0] | {"last_epoch": 0, "_step_count": 1}, *s["callbacks"][1:]
        ],
        "place": lambda s: s["place"] | {"batch": 0},
        "shuffling": lambda s: torch.Generator().manual_seed(8).get_state(),
    }  # fmt: skip
    stored = torch.load(tmp_path / "run", weights_only=True)
    for part, forget in fresh.items():
        torch.save(stored | {part: forget(stored)}, tmp_path / "broken")
        _, _, history = run(setting, resume=tmp_path / "broken")
        assert history.batch_loss[-5:] != whole[2].batch_loss[-5:], part


def test_a_run_that_is_over_is_not_trained_any_further(tmp_path):
    setting = "Adam, steps at epochs"
    done = run(setting, Interrupt(-1), path=tmp_path / "run")
    same_to_the_bit(run(setting, resume=tmp_path / "run"), done)


def test_a_run_of_another_build_is_refused_and_nothing_changed(tmp_path):
    net = model()
    fit(net, points(), epochs=1, callbacks=[Checkpoint(tmp_path / "run")])
    other = nn.Sequential(nn.Linear(2, 9), nn.ReLU(), nn.Linear(9, 2))
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(ValueError, match="is of another model"):
        fit(other, points(), epochs=2, resume=tmp_path / "run")
    torch.testing.assert_close(dict(other.state_dict()), before, rtol=0, atol=0)
    with pytest.raises(ValueError, match="had SGD, Checkpoint, this one has SGD"):
        fit(net, points(), epochs=2, resume=tmp_path / "run")


def test_saving_leaves_the_old_file_until_the_new_one_is_whole(tmp_path):
    fit(model(), points(), epochs=2, callbacks=[Checkpoint(tmp_path / "run", every_steps=1)])
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_checkpoint_that_is_not_last_is_refused(tmp_path):
    with pytest.raises(ValueError, match="comes last"):
        fit(model(), points(), epochs=1, callbacks=[Checkpoint(tmp_path / "x"), Callback()])
    with pytest.raises(ValueError, match="every_steps must be 1 or more, but is 0"):
        Checkpoint(tmp_path / "x", every_steps=0)


# ── clipping, stopping, schedules, TensorBoard ─────────────────────────────────────────


def test_clipping_acts_between_the_gradient_and_the_step():
    net, norms = model(), []

    def look(_step, net, _loss):
        gradients = [p.grad for p in net.parameters()]
        norms.append(nn.utils.get_total_norm(gradients).item())

    before = nn.utils.parameters_to_vector(net.parameters()).detach()
    fit(net, points(), epochs=1, learning_rate=1.0, max_norm=1e-3, after_step=look)
    moved = nn.utils.parameters_to_vector(net.parameters()).detach() - before
    assert norms == pytest.approx([1e-3] * 2, rel=1e-3)
    assert moved.norm() <= 2.01e-3


def test_stopping_early_ends_the_run_and_brings_the_best_weights_back():
    net, stopping = model(), EarlyStopping(patience=2)
    test = points(40, seed=2)
    history = fit(net, points(), test=test, epochs=200, learning_rate=2.0, callbacks=[stopping])
    best = min(history.test_loss)
    assert len(history.test_loss) < 200
    assert history.test_loss.index(best) == len(history.test_loss) - 3
    assert fit(net, points(), test=test, epochs=0).test_loss == []
    assert evaluate(net, test).loss == best == stopping.best


def test_stopping_early_survives_an_interruption(tmp_path):
    setting = "SGD with momentum, cosine each step"

    def again(**options):
        return run(setting, EarlyStopping(patience=1, min_delta=0.05), **options)

    whole = again()
    assert len(whole[2].test_loss) < 4
    with pytest.raises(ConnectionError):
        again(path=tmp_path / "run", at=8)
    same_to_the_bit(again(resume=tmp_path / "run"), whole)


def test_stopping_early_needs_something_to_watch():
    with pytest.raises(ValueError, match="no test set"):
        fit(model(), points(), epochs=1, callbacks=[EarlyStopping()])


def test_a_callback_can_end_a_run_in_the_middle_of_an_epoch():
    class Enough(Callback):
        def after_step(self, run):
            run.stop = len(run.history.batch_loss) == 3

    history = fit(model(), points(), epochs=5, batch_size=10, callbacks=[Enough()])
    assert len(history.batch_loss) == 3
    assert history.train_loss == []


def test_a_schedule_moves_when_it_is_told_to():
    for each, moves in (("step", 14), ("epoch", 2)):
        net = model()
        sgd = SGD(net.parameters(), lr=1.0)
        schedule = Schedule(lr_scheduler.ExponentialLR(sgd, 0.5), each)
        fit(net, points(), epochs=2, batch_size=16, optimizer=sgd, callbacks=[schedule])
        assert sgd.param_groups[0]["lr"] == 0.5**moves
    with pytest.raises(ValueError, match="each must be one of 'step', 'epoch', but is 'batch'"):
        Schedule(lr_scheduler.ExponentialLR(sgd, 0.5), "batch")
    with pytest.raises(ValueError, match="watches the loss of an epoch"):
        Schedule(lr_scheduler.ReduceLROnPlateau(sgd))


class Notebook:
    """A writer on paper."""

    def __init__(self):
        self.lines = []

    def add_scalar(self, tag, scalar_value, global_step):
        self.lines.append((tag, global_step, scalar_value))


def test_tensorboard_is_given_every_number_under_its_name():
    paper = Notebook()
    history = fit(
        model(), points(), test=points(40), epochs=2, callbacks=[TensorBoard(paper)],
    )  # fmt: skip
    losses = [value for tag, _, value in paper.lines if tag == "step/loss"]
    assert losses == history.batch_loss
    assert [s for tag, s, _ in paper.lines if tag == "step/rate"] == [0, 1, 2, 3]
    accuracy = [(s, v) for tag, s, v in paper.lines if tag == "epoch/test_accuracy"]
    assert accuracy == list(enumerate(history.test_accuracy))


def test_tensorboards_own_writer_is_there_or_one_sentence_says_what_to_install(tmp_path):
    if importlib.util.find_spec("tensorboard") is None:
        with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"):
            tensorboard_writer(tmp_path)
        return
    writer = tensorboard_writer(tmp_path)
    fit(model(), points(), epochs=1, callbacks=[TensorBoard(writer)])
    writer.close()
    assert list(tmp_path.iterdir())


def test_the_end_is_announced_once_even_when_the_run_diverges():
    class Ends(Callback):
        seen = 0

        def at_end(self, run):
            Ends.seen += 1
            assert not math.isfinite(run.history.batch_loss[-1])

    assert fit(model(), points(), epochs=9, learning_rate=1e38, callbacks=[Ends()]).diverged
    assert Ends.seen == 1
