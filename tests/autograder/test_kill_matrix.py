"""What the kill matrix tries besides: a second slip, another style."""

import ast

import pytest
import torch
from toys import ASCENT, NO_DECAY, RULE, exercise, wrong

from autograder.cases import draw
from autograder.grade import grade, run_here
from autograder.kill_matrix import Count, count, kills, total
from autograder.slips import with_a_slip
from autograder.styles import Otherwise, in_another_style

SEED = 3


def answers_of(run, it):
    return run([case.inputs for case in draw(it, SEED)])


def test_a_slip_is_in_one_case_only_and_one_that_was_right():
    late = wrong("wrong from 1 on", "size = lr", "size = lr * (2 if lr > 1 else 1)")
    it = exercise(late)
    run = run_here(it.variant(late))
    slipping = with_a_slip(it, late, run, SEED)
    before, after = (grade(it, each, SEED).verdicts for each in (run, slipping))
    (number,) = [
        n for n, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]
    ]
    assert before[number].passed
    assert not after[number].passed
    again = with_a_slip(it, late, run, SEED)  # by chance, but the same each time
    assert str(answers_of(again, it)) == str(answers_of(slipping, it))


def test_where_nothing_is_right_there_is_no_room_for_a_slip():
    always = wrong("one more", "return sign * size * step", "return sign * size * step + 1")
    it = exercise(always)
    assert with_a_slip(it, always, run_here(it.variant(always)), SEED) is None


@pytest.mark.parametrize(
    ("source", "otherwise"),
    [
        ("a / b", "a * (1 / b)"),
        ("a - b", "-(b - a)"),
        ("a * b * c", "a * (b * c)"),
        ("x ** 2", "x * x"),
        ("f(x) ** 2 + a", "f(x) ** 2 + a"),
    ],
)
def test_another_style_is_the_same_arithmetic(source, otherwise):
    assert ast.unparse(Otherwise().visit(ast.parse(source))) == otherwise


def test_a_mistake_in_another_style_is_the_same_mistake():
    inputs = dict(grad=torch.tensor([0.3, -2.0]), lr=0.7)
    torch.testing.assert_close(
        in_another_style(RULE, ASCENT)(**inputs), RULE.variant(ASCENT)(**inputs)
    )


def test_the_matrix_of_an_exercise_counts_its_rows():
    it = exercise(ASCENT, NO_DECAY)
    counted = count(it)
    assert (counted.exercises, counted.mistakes, counted.accepted, counted.named) == (
        1,
        2,
        0,
        2,
    )
    assert counted.named_in_another_style == 2
    assert [kill.named_with_a_slip for kill in kills(it)] == [True, True]
    assert total([counted, Count(1, 5)]).mistakes == 7
