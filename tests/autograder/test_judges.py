"""Random results are judged by what they share."""

import pytest
import torch

from autograder.compare import Kind
from autograder.judges import every, same

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
