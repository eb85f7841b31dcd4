"""Exercise 7.1: a rate for each coordinate."""

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def adagrad_cases(rng):
    yield Case("seven steps", seven_steps(rng, eps=1e-6), directions)
    yield Case("a large eps", seven_steps(rng, eps=0.3), directions)
    yield Case(
        "a sum that starts at 2",
        seven_steps(rng, eps=0.05, initial_accumulator_value=2.0),
        directions,
    )
    yield Case("defaults, one coordinate", seven_steps(rng, 1), directions)
    yield Case("a zero gradient first", few_steps([0.0, 2.0], [3.0, 0.0], eps=1e-3), directions)


def adagrad_steps():
    return [
        ("step 1: v = 0 + 3²", "9"),
        ("direction 3 / √9", "1"),
        ("step 2: v = 9 + 4²", "25"),
        ("direction 4 / √25", "0.8"),
    ]


def adagrad_with_a_tensor(gradient, state, *, eps=1e-10, initial_accumulator_value=0.0):
    """Another right way: the state is the sum itself, and nothing is divided twice."""
    total = initial_accumulator_value if state is None else state
    total = total + gradient.square()
    return gradient.div(total.sqrt().add(eps)), total


SUM = "v = state.v + gradient**2"
DIVIDE = "gradient / (v.sqrt() + eps)"

ADAGRAD = Exercise(
    target=adaptive.adagrad,
    points=2,
    cases=adagrad_cases,
    accepts=(adagrad_with_a_tensor,),
    goal="write each adaptive rule from its paper",
    section="AdaGrad: divide by what you have seen",
    minutes=7,
    difficulty=2,
    trace=Trace(inputs=few_steps(3.0, 4.0), steps=adagrad_steps),
    misconceptions=(
        Misconception(
            "a running mean for the sum",
            instead_of=SUM,
            wrote="v = 0.9 * state.v + 0.1 * gradient**2",
            symptom="Your denominator forgets old gradients.",
            hint="AdaGrad adds up all squares and forgets none. Forgetting is RMSProp's idea.",
        ),
        Misconception(
            "sizes for squares",
            instead_of=SUM,
            wrote="v = state.v + gradient.abs()",
            symptom="Your first direction depends on the gradient's size.",
            hint="The root belongs to squares: add up g², not |g|.",
        ),
        Misconception(
            "eps under the root",
            instead_of=DIVIDE,
            wrote="gradient / (v + eps).sqrt()",
            symptom="With a large eps your steps are wrong; with a tiny one they are right.",
            hint="Here eps is added after the root is taken.",
            section="Where eps stands",
        ),
        Misconception(
            "no root",
            instead_of=DIVIDE,
            wrote="gradient / (v + eps)",
            symptom="Your directions shrink when all gradients grow.",
            hint="The sum of squares has the gradient's unit squared; its root has the unit.",
        ),
        Misconception(
            "divides before it adds",
            instead_of=DIVIDE,
            wrote="gradient / (state.v.sqrt() + eps)",
            symptom="Your first step divides by a sum that does not hold its own gradient.",
            hint="The square of this step's gradient joins the sum first.",
        ),
        Misconception(
            "initial value ignored",
            instead_of="torch.full_like(gradient, initial_accumulator_value)",
            wrote="torch.zeros_like(gradient)",
            symptom="You are right where the sum starts at zero, and only there.",
            hint="The sum starts at the initial value, in every coordinate.",
        ),
        Misconception(
            "the old state returned",
            instead_of="Squares(v)",
            wrote="state",
            symptom="Each of your steps is a first step: the sum does not grow.",
            hint="The new square is added to what the state brought along, and the state that "
            "you return holds the new sum.",
        ),
        Misconception(
            "one sum for all coordinates",
            instead_of=SUM,
            wrote="v = state.v + (gradient**2).sum()",
            symptom="Coordinates with small gradients take small steps.",
            hint="Each coordinate has a sum of its own. That is the point of it.",
        ),
        Misconception(
            "no eps",
            instead_of=DIVIDE,
            wrote="gradient / v.sqrt()",
            symptom="Where a gradient has always been zero you get NaN.",
            hint="Zero over zero is not a number. eps is there for it.",
            section="Where eps stands",
        ),
        Misconception(
            "eps outside the fraction",
            instead_of=DIVIDE,
            wrote="gradient / v.sqrt() + eps",
            symptom="Your eps does not guard the fraction, but shifts it.",
            hint="eps belongs to the root and enters the denominator together with it: mind "
            "the brackets.",
            section="Where eps stands",
        ),
        Misconception(
            "minus sign",
            instead_of=DIVIDE,
            wrote="-gradient / (v.sqrt() + eps)",
            symptom="Your directions are right but for the sign.",
            hint="The caller subtracts the direction, so it points up the slope, as the "
            "gradient does.",
        ),
        Misconception(
            "one mean for all coordinates",
            instead_of=SUM,
            wrote="v = state.v + (gradient**2).mean()",
            symptom="All your coordinates share one denominator.",
            hint="Each coordinate has a sum of its own. That is the point of it.",
        ),
        Misconception(
            "one norm for all coordinates",
            instead_of=SUM,
            wrote="v = state.v + gradient.norm()",
            symptom="All your coordinates share one denominator, in which the gradients' "
            "lengths add up.",
            hint="Each coordinate has a sum of its own, and what is added up are squares.",
        ),
        Misconception(
            "the largest square for the sum",
            instead_of=SUM,
            wrote="v = torch.maximum(state.v, gradient**2)",
            symptom="Your denominator knows the largest gradient only.",
            hint="All squares are added up: the denominator grows with every step that has a "
            "slope.",
        ),
        Misconception(
            "initial value at every step",
            instead_of=SUM,
            wrote=SUM + " + initial_accumulator_value",
            symptom="Where the sum does not start at zero, yours grows too fast.",
            hint="The initial value is there once, before the first step.",
        ),
        Misconception(
            "size of the sum",
            instead_of=f"{SUM}\n    return {DIVIDE}",
            wrote="v = state.v + gradient\n    return gradient / (v.abs() + eps)",
            symptom="Where gradients of both signs come in, your denominator shrinks.",
            hint="Square first, then add up: squares do not cancel each other.",
        ),
    ),
)
