"""Random results are judged by what they share."""

import pytest
import torch

from autograder.calling.attempt import attempt
from autograder.compare import Kind
from autograder.judges import drawn_from_generator, every, moved_on, same, written
from autograder.recipes import Each, Leaf, Written

spread = same(torch.std, "the spread", within=0.1, relative=True)


def draw(seed, scale=1.0):
    return scale * torch.randn(5000, generator=torch.Generator().manual_seed(seed))


def test_another_draw_of_the_same_spread_is_accepted():
    assert spread(draw(1), draw(2)) == ""


def test_another_spread_is_not_and_the_guarded_sentence_keeps_the_secret():
    complaint = spread(draw(1, scale=2.0), draw(2))
    assert complaint.kind is Kind.VALUES
    assert complaint.startswith("the spread should be about")
    assert "should be" not in complaint.guarded


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (draw(1)[:10], Kind.SHAPE),
        (draw(1).double(), Kind.DTYPE),
        (None, Kind.TYPE),
        (torch.full((5000,), torch.nan), Kind.NOT_FINITE),
    ],
)
def test_form_is_judged_before_the_statistic(got, kind):
    assert spread(got, draw(2)).kind is kind


def test_several_judges_say_the_first_complaint():
    centred = same(torch.mean, "the mean", within=0.1)
    judge = every(centred, spread)
    assert judge(draw(1), draw(2)) == ""
    assert judge(draw(1, scale=2.0) + 1, draw(2)).startswith("the mean")
    assert judge(draw(1, scale=2.0), draw(2)).startswith("the spread")


def filled(draw_into):
    return attempt(draw_into, {"w": Written(Leaf(torch.ones(5000)))}).result


def test_a_weight_is_judged_by_what_is_written_into_it():
    judge, right = written("w", spread), filled(lambda w: w.data.copy_(draw(1)))
    assert judge(filled(lambda w: w.data.copy_(draw(2))), right) == ""
    assert judge(filled(lambda w: draw(2)), right).startswith("the spread should be about")
    off = filled(lambda w: w.requires_grad_(False).copy_(draw(2)))
    said = "`w` after the call (asks for gradients) should be True, got False"
    assert judge(off, right).startswith(said)
    assert judge(filled(lambda w: None), right).kind is Kind.TYPE
    assert judge(3.0, right).kind is Kind.TYPE


def test_a_generator_decides_what_is_drawn():
    def seeded(seed):
        return torch.Generator().manual_seed(seed)

    def called(submission):
        calls = Each([seeded(1), seeded(1), seeded(2), moved_on(seeded(1))])
        return attempt(submission, {"generator": calls}).result

    right = called(lambda generator: torch.rand(3, generator=generator))
    assert drawn_from_generator(right, right) == ""
    ignored = called(lambda generator: torch.rand(3))
    assert "draw the same numbers again" in drawn_from_generator(ignored, right)
    assert drawn_from_generator(called(lambda generator: torch.rand(3)), ignored) == ""
    stuck = called(lambda generator: torch.rand(3, generator=seeded(5)))
    assert "should draw other numbers" in drawn_from_generator(stuck, right)
    again = called(lambda generator: torch.rand(3, generator=seeded(generator.initial_seed())))
    assert "drawn before should draw other numbers" in drawn_from_generator(again, right)
    assert drawn_from_generator([1, 2, 3, 4], right).kind is Kind.TYPE
