"""Exercise 3.9, bonus: a gate with weights of its own."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def swiglu_cases(rng):
    def drawn(*shape, inputs=3, hidden=5, outputs=2):
        return dict(
            x=torch.randn(*shape, inputs, generator=rng),
            w_gate=torch.randn(hidden, inputs, generator=rng),
            w_up=torch.randn(hidden, inputs, generator=rng),
            w_down=torch.randn(outputs, hidden, generator=rng),
        )

    yield Case("a batch", drawn(4))
    yield Case("sequences", drawn(2, 6, inputs=4, hidden=3, outputs=4))
    yield Case("square weights", drawn(5, inputs=4, hidden=4, outputs=4))
    yield Case("one example, no batch", drawn(inputs=2, hidden=7, outputs=1))


def swiglu_steps():
    return [
        ("gate z = 2 · 1", "2"),
        ("silu(2) = 2 σ(2)", "1.762"),
        ("up = 2 · 3", "6"),
        ("product", "10.57"),
        ("times w_down = 0.5", "5.285"),
    ]


def swiglu_by_linear(x, w_gate, w_up, w_down):
    """Another right way: torch's own layers."""
    return F.linear(F.silu(F.linear(x, w_gate)) * F.linear(x, w_up), w_down)


HIDDEN = "hidden = gate * torch.sigmoid(gate) * up"
OUTPUTS_FIRST = "Weights have shape (outputs, inputs), so a product needs them transposed."

SWIGLU = Exercise(
    target=activations.swiglu,
    points=2,
    cases=swiglu_cases,
    accepts=(swiglu_by_linear,),
    goal="write the hidden layer of many language models",
    section="A gate with weights of its own",
    minutes=6,
    difficulty=2,
    bonus=True,
    trace=Trace(
        inputs=dict(
            x=torch.tensor([2.0]),
            w_gate=torch.tensor([[1.0]]),
            w_up=torch.tensor([[3.0]]),
            w_down=torch.tensor([[0.5]]),
        ),
        steps=swiglu_steps,
    ),
    misconceptions=(
        Misconception(
            "gate and up exchanged",
            instead_of=HIDDEN,
            wrote="hidden = up * torch.sigmoid(up) * gate",
            symptom="The activation stands on the wrong one of the two products.",
            hint="The gate is what goes through SiLU; the other path stays linear.",
        ),
        Misconception(
            "sigmoid for SiLU",
            instead_of=HIDDEN,
            wrote="hidden = torch.sigmoid(gate) * up",
            symptom="Your gate is a plain sigmoid: that is GLU.",
            hint="SiLU is z σ(z): the gate's own value multiplies as well.",
        ),
        Misconception(
            "activation on both",
            instead_of=HIDDEN,
            wrote="hidden = up * torch.sigmoid(up) * gate * torch.sigmoid(gate)",
            symptom="Both paths go through the activation.",
            hint="One path is the gate, the other is left linear.",
        ),
        Misconception(
            "ReLU for SiLU",
            instead_of=HIDDEN,
            wrote="hidden = gate.relu() * up",
            symptom="Your gate is a ReLU: that is ReGLU.",
            hint="The Swi in SwiGLU is Swish with β = 1.",
        ),
        Misconception(
            "sum for product",
            instead_of=HIDDEN,
            wrote="hidden = gate * torch.sigmoid(gate) + up",
            symptom="The two paths are added.",
            hint="A gate multiplies what it lets through or holds back.",
        ),
        Misconception(
            "product after the way down",
            instead_of="return hidden @ w_down.T",
            wrote="return (gate * torch.sigmoid(gate) @ w_down.T) * (up @ w_down.T)",
            symptom="You multiply after the last matrix instead of before it.",
            hint="Each hidden unit has its own gate. After the last matrix they are mixed.",
        ),
        Misconception(
            "no activation",
            instead_of=HIDDEN,
            wrote="hidden = gate * up",
            symptom="Your gate is linear.",
            hint="The product of two linear maps is a GLU without its switch: bilinear.",
        ),
        Misconception(
            "the up path left out",
            instead_of=HIDDEN,
            wrote="hidden = gate * torch.sigmoid(gate)",
            symptom="One of your two paths is missing: this is an ordinary hidden layer.",
            hint="x goes through two matrices, W_gate and W_up, and the two results are "
            "multiplied.",
        ),
        Misconception(
            "activation on the product",
            instead_of=HIDDEN,
            wrote="hidden = gate * up * torch.sigmoid(gate * up)",
            symptom="The activation stands around the product of both paths.",
            hint="Only the gate goes through SiLU; then the two paths are multiplied.",
        ),
        Misconception(
            "GELU for SiLU",
            instead_of=HIDDEN,
            wrote="hidden = torch.nn.functional.gelu(gate) * up",
            symptom="Your gate is a GELU: that is GEGLU.",
            hint="The Swi in SwiGLU is Swish with β = 1.",
        ),
        Misconception(
            "switch from the other path",
            instead_of=HIDDEN,
            wrote="hidden = gate * torch.sigmoid(up)",
            symptom="Your gate is multiplied by the sigmoid of the other path.",
            hint="SiLU needs one number, twice: z σ(z), with the gate's z. The other path "
            "multiplies as it is.",
        ),
        Misconception(
            "weights not transposed on the way up",
            instead_of="gate = x @ w_gate.T\n    up = x @ w_up.T",
            wrote="gate = x @ w_gate\n    up = x @ w_up",
            symptom="Shapes clash, or, with square weights, the numbers are wrong.",
            hint=OUTPUTS_FIRST,
        ),
        Misconception(
            "weights not transposed on the way down",
            instead_of="hidden @ w_down.T",
            wrote="hidden @ w_down",
            symptom="Behind the gate shapes clash, or, with square weights, the numbers are "
            "wrong.",
            hint=OUTPUTS_FIRST,
        ),
        Misconception(
            "tanh for SiLU",
            instead_of=HIDDEN,
            wrote="hidden = torch.tanh(gate) * up",
            symptom="Your gate is a tanh.",
            hint="The Swi in SwiGLU is Swish with β = 1.",
        ),
    ),
)
