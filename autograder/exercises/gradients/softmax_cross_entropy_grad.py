"""Exercise 1.3: softmax and cross-entropy."""

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def softmax_cases(rng):
    def logits(batch, classes):
        return 2 * torch.randn(batch, classes, generator=rng)

    def target(batch, classes):
        return torch.randint(classes, (batch,), generator=rng)

    far = logits(3, 4) + torch.tensor([[900.0], [0.0], [-900.0]])
    yield Case("five examples, three classes", dict(logits=logits(5, 3), target=target(5, 3)))
    yield Case("two examples, seven classes", dict(logits=logits(2, 7), target=target(2, 7)))
    yield Case("one example", dict(logits=logits(1, 4), target=target(1, 4)))
    yield Case("logits around 800", dict(logits=logits(4, 3) + 800, target=target(4, 3)))
    yield Case("rows far apart, at 900 and at −900", dict(logits=far, target=target(3, 4)))
    apart = logits(4, 3) + torch.tensor([900.0, 0.0, -900.0])
    first = torch.zeros(4, dtype=torch.long)
    yield Case("classes far apart, at 900 and at −900", dict(logits=apart, target=first))
    losers = torch.tensor([2, 1, 0, 2])
    yield Case("true classes without any probability", dict(logits=apart, target=losers))


def softmax_steps():
    return [
        ("exp of the logits", "[1, 3]"),
        ("their sum", "4"),
        ("slopes of the logarithm of that sum", "[0.25, 0.75]"),
        ("slopes of the logit of class 0", "[1, 0]"),
        ("the first less the second", "[−0.75, 0.75]"),
        ("divided by the 1 example", "[−0.75, 0.75]"),
    ]


def softmax_by_torch(logits, target):
    """Another right way: torch's softmax, one subtracted where the target is."""
    grad = torch.softmax(logits, dim=-1)
    grad[torch.arange(len(grad)), target] -= 1
    return grad / grad.shape[0]


SHIFT = "shifted = logits - logits.amax(dim=1, keepdim=True)"
NORMALIZE = "probabilities = exponentials / exponentials.sum(dim=1, keepdim=True)"
SOFTMAX = f"{SHIFT}\n    exponentials = shifted.exp()\n    {NORMALIZE}"
ONE_HOT = "one_hot = target[:, None] == torch.arange(logits.shape[1], device=logits.device)"
MINUS = "(probabilities - one_hot.to(logits.dtype))"

CHAIN = (  # the floor under what is divided by, if any, is put in
    "chosen = probabilities.gather(1, target[:, None])\n"
    "    slope = chosen * (one_hot.to(logits.dtype) - probabilities)\n"
    "    return -slope / {} / len(logits)"
)

ROWS_NOT_ZERO = "The rows of your gradient do not sum to zero."
ALONG_CLASSES = "The probabilities of one example sum to one, so add along the classes."
ONE_A_ROW = "Each example has one target, so exactly one entry of each row loses 1."

SOFTMAX_CROSS_ENTROPY_GRAD = Exercise(
    target=gradients.softmax_cross_entropy_grad,
    points=3,
    cases=softmax_cases,
    accepts=(softmax_by_torch,),
    goal="derive the gradient that a loss hands back",
    section="The loss hands back the first gradient",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(logits=torch.tensor([[1.0, 3.0]]).log(), target=torch.tensor([0])),
        steps=softmax_steps,
    ),
    misconceptions=(
        Misconception(
            "not averaged over the batch",
            instead_of=f"{MINUS} / len(logits)",
            wrote="probabilities - one_hot.to(logits.dtype)",
            symptom="Your gradient is larger by a factor of the batch size.",
            hint="The loss is the mean over the B examples, so each contributes with 1/B.",
        ),
        Misconception(
            "averaged over all entries",
            instead_of="/ len(logits)",
            wrote="/ logits.numel()",
            symptom="Your gradient is smaller by a factor of the number of classes.",
            hint="There is one loss for each example, not one for each logit: divide by B.",
        ),
        Misconception(
            "averaged over the classes",
            instead_of="/ len(logits)",
            wrote="/ logits.shape[1]",
            symptom="You divide by the number of classes instead of the number of examples.",
            hint="The mean in the loss runs over the rows of the batch.",
        ),
        Misconception(
            "softmax over the batch",
            instead_of=SOFTMAX,
            wrote=SOFTMAX.replace("dim=1", "dim=0"),
            symptom=ROWS_NOT_ZERO,
            hint=ALONG_CLASSES,
        ),
        Misconception(
            "largest logit not taken off",
            instead_of=SHIFT,
            wrote="shifted = logits",
            symptom="Large logits give NaN: exp(800) is beyond float32, and ∞/∞ is no number.",
            hint="Take each row's largest logit off the row first; softmax does not change.",
        ),
        Misconception(
            "largest logit of the whole batch taken off",
            instead_of="logits.amax(dim=1, keepdim=True)",
            wrote="logits.amax()",
            symptom="Rows far below the largest logit give NaN: their exponentials are all 0.",
            hint="Each row has a softmax of its own, so take off each row's own largest logit.",
        ),
        Misconception(
            "target not subtracted",
            instead_of=MINUS,
            wrote="probabilities",
            symptom="Your answer is the probabilities themselves: no entry is negative.",
            hint="The loss has two terms, and you have the slope of the first. The second is "
            "the logit of the right class, with a minus before it.",
        ),
        Misconception(
            "sign flipped",
            instead_of=MINUS,
            wrote="(one_hot.to(logits.dtype) - probabilities)",
            symptom="Every entry has the wrong sign: a step against it would raise the loss.",
            hint="The gradient points to where the loss grows: away from the right class.",
        ),
        Misconception(
            "logits overwritten",
            instead_of=SHIFT,
            wrote="shifted = logits.sub_(logits.amax(dim=1, keepdim=True))",
            symptom="The numbers are right, but the caller's logits are not what they were.",
            hint="An operation in place changes the tensor for everyone who holds it.",
        ),
        Misconception(
            "logits for probabilities",
            instead_of=NORMALIZE,
            wrote="probabilities = logits",
            symptom="You subtract the target from the logits themselves.",
            hint="The difference is between probabilities and target: apply softmax first.",
        ),
        Misconception(
            "exponentials added over the batch",
            instead_of=NORMALIZE,
            wrote=NORMALIZE.replace("dim=1", "dim=0"),
            symptom=ROWS_NOT_ZERO,
            hint=ALONG_CLASSES,
        ),
        Misconception(
            "one softmax for the whole batch",
            instead_of=SOFTMAX,
            wrote=SOFTMAX.replace("dim=1, keepdim=True", ""),
            symptom="All your probabilities together sum to one.",
            hint=ALONG_CLASSES,
        ),
        Misconception(
            "every target taken off every row",
            instead_of=ONE_HOT,
            wrote="classes = torch.arange(logits.shape[1], device=logits.device)\n"
            "    one_hot = torch.isin(classes, target).expand(logits.shape)",
            symptom="Your rows lose 1 at the targets of all examples.",
            hint=ONE_A_ROW,
        ),
        Misconception(
            "targets taken for rows",
            instead_of=ONE_HOT,
            wrote="one_hot = torch.zeros_like(logits)\n    one_hot[target] = 1",
            symptom="Whole rows lose 1, and a target beyond the batch stops your function.",
            hint=f"{ONE_A_ROW} A target names a class, not an example.",
        ),
        Misconception(
            "1 taken off every entry",
            instead_of=MINUS,
            wrote="(probabilities - 1)",
            symptom="No entry of your answer is positive.",
            hint=ONE_A_ROW,
        ),
        Misconception(
            "class numbers for a one-hot row",
            instead_of=MINUS,
            wrote="(probabilities - target[:, None])",
            symptom="You take the number of the class off the whole row.",
            hint=ONE_A_ROW,
        ),
        Misconception(
            "only the target averaged",
            instead_of=f"{MINUS} / len(logits)",
            wrote="probabilities - one_hot.to(logits.dtype) / len(logits)",
            symptom="Your probabilities are not divided by the number of examples, the target "
            "is.",
            hint="The mean is over the whole difference, and a quotient binds closer than "
            "a difference.",
        ),
        Misconception(
            "one-hot rows as long as the largest target",
            instead_of=ONE_HOT,
            wrote="one_hot = nn.functional.one_hot(target)",
            symptom="Where the last class is no one's target, your one-hot rows are too short.",
            hint="How many classes there are is known from the logits, not from the targets.",
        ),
        Misconception(
            "sigmoid for softmax",
            instead_of=NORMALIZE,
            wrote="probabilities = logits.sigmoid()",
            symptom=ROWS_NOT_ZERO,
            hint="A sigmoid judges each class by itself. Softmax lets the classes share a "
            "probability of one.",
        ),
        Misconception(
            "large logits clamped",
            instead_of=SHIFT,
            wrote="shifted = logits.clamp(-50, 50)",
            symptom="Your answers are finite, but logits beyond the clamp all count alike.",
            hint="Softmax does not change when a row is shifted: take each row's largest "
            "logit off, and nothing is lost.",
        ),
        Misconception(
            "softmax's Jacobian times −1/p",
            instead_of=f"return {MINUS} / len(logits)",
            wrote=CHAIN.format("chosen"),
            symptom="Where the true class has no probability left, your gradient is NaN.",
            hint="−1/p and a derivative that is p times something: multiplied on paper the p "
            "cancels, as numbers they are ∞ and 0. Cancel first, and compute what is left.",
        ),
        Misconception(
            "a floor under the probability",
            instead_of=f"return {MINUS} / len(logits)",
            wrote=CHAIN.format("chosen.clamp(min=1e-12)"),
            symptom="Where the true class has no probability left, your gradient is 0.",
            hint="The worst mistake must not be the one that teaches nothing. Multiplied on "
            "paper, p cancels, and nothing has to be kept from 0.",
        ),
        Misconception(
            "stopped at the probabilities",
            instead_of=f"return {MINUS} / len(logits)",
            wrote="return -one_hot.to(logits.dtype) / probabilities / len(logits)",
            symptom="Your gradient is −1/p at the target and 0 elsewhere: the loss "
            "differentiated with respect to p.",
            hint="Asked for is the gradient of the logits. One step is missing, back through "
            "softmax.",
        ),
        Misconception(
            "other classes left at zero",
            instead_of=MINUS,
            wrote="(probabilities - one_hot.to(logits.dtype)) * one_hot",
            symptom="Your gradient is right at the target and 0 everywhere else.",
            hint="The classes share a probability of one: what the right one gains, the others "
            "lose.",
        ),
        Misconception(
            "softmax applied twice",
            instead_of=NORMALIZE,
            wrote=f"{NORMALIZE}.softmax(dim=1)",
            symptom="Your probabilities are far too much alike: they went through softmax "
            "twice.",
            hint="Softmax takes logits. Probabilities are what comes out of it, not what goes "
            "in.",
        ),
        Misconception(
            "logarithms of the probabilities",
            instead_of=MINUS,
            wrote="(probabilities.log() - one_hot.to(logits.dtype))",
            symptom="You subtract the target from log p, which is negative everywhere.",
            hint="The loss needs log p, its gradient p itself.",
        ),
    ),
)
