"""Adaptive rules: torch.optim is the oracle, then each property that chapter 7 claims."""

import doctest
import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from steadygrad import adaptive
from steadygrad.adaptive import CUBIC, Moments
from steadygrad.training import Descent

STEPS, SIZE = 200, 6
RULES = {  # a rule, its peer in torch.optim, and settings on which both are compared
    "adagrad": (adaptive.adagrad, torch.optim.Adagrad, [
        dict(), dict(eps=0.3), dict(initial_accumulator_value=2.0, eps=1e-3),
    ]),
    "rmsprop": (adaptive.rmsprop, torch.optim.RMSprop, [
        dict(), dict(alpha=0.5), dict(alpha=0.9, eps=0.1), dict(eps=1e-12),
    ]),
    "adadelta": (adaptive.adadelta, torch.optim.Adadelta, [
        dict(), dict(rho=0.5), dict(rho=0.99, eps=0.1), dict(eps=1e-12),
    ]),
    "adam": (adaptive.adam, torch.optim.Adam, [
        dict(), dict(betas=(0.5, 0.9)), dict(betas=(0.0, 0.3), eps=0.2), dict(eps=1e-14),
    ]),
    "adam_l2": (adaptive.adam_l2, torch.optim.Adam, [
        dict(weight_decay=0.1), dict(weight_decay=0.5, betas=(0.3, 0.7), eps=0.05),
    ]),
    "adamw": (adaptive.adamw, torch.optim.AdamW, [
        dict(), dict(weight_decay=0.5), dict(weight_decay=3.0, betas=(0.3, 0.7), eps=0.05),
    ]),
    "amsgrad": (adaptive.amsgrad, lambda p, **k: torch.optim.Adam(p, amsgrad=True, **k), [
        dict(), dict(betas=(0.5, 0.9)), dict(betas=(0.2, 0.4), eps=0.2),
    ]),
    "adamax": (adaptive.adamax, torch.optim.Adamax, [
        dict(), dict(betas=(0.5, 0.6)), dict(betas=(0.2, 0.4), eps=0.2),
    ]),
    "nadam": (adaptive.nadam, torch.optim.NAdam, [
        dict(), dict(betas=(0.5, 0.9)), dict(momentum_decay=0.2, eps=0.1),
        dict(betas=(0.99, 0.7), momentum_decay=0.0),
    ]),
}  # fmt: skip
every_setting = pytest.mark.parametrize(
    ("rule", "peer", "options"),
    [
        pytest.param(rule, peer, options, id=f"{name}-{number}")
        for name, (rule, peer, many) in RULES.items()
        for number, options in enumerate(many)
    ],
)
VECTOR_RULES = {name: rule for name, (rule, _, _) in RULES.items()} | {
    "lion": adaptive.lion,
    "ftrl_proximal": adaptive.ftrl_proximal,
}
every_rule = pytest.mark.parametrize("rule", VECTOR_RULES.values(), ids=VECTOR_RULES)
SCALE_FREE = {
    name: VECTOR_RULES[name]
    for name in ("adagrad", "rmsprop", "adam", "amsgrad", "adamax", "nadam", "lion")
}
quickly = settings(deadline=None, max_examples=30)  # torch's first call can be slow


def seen(rule, theta):
    """What a rule is handed after the state."""
    return (theta,) if "theta" in inspect.signature(rule).parameters else ()


def descend(rule, theta, gradients, lr, **options):
    """Where the rule is after each of these gradients."""
    state, path = None, []
    for gradient in gradients:
        direction, state = rule(gradient, state, *seen(rule, theta), **options)
        theta = theta - lr * direction
        path.append(theta)
    return torch.stack(path)


def some_gradients(rng, steps=STEPS, size=SIZE):
    """Scales from 1e-3 to 1e2, one spike and one zero."""
    scale = torch.logspace(-3, 2, size, dtype=torch.float64)
    gradients = scale * torch.randn(steps, size, dtype=torch.float64, generator=rng)
    gradients[5] *= 10
    gradients[8] = 0
    return gradients


@pytest.fixture
def _double():
    """torch's NAdam keeps its product of momentum factors in the default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@every_setting
@pytest.mark.parametrize("lr", [0.003, 0.2])
@pytest.mark.usefixtures("_double")
def test_two_hundred_steps_agree_with_torch(rule, peer, options, lr, rng):
    theta, gradients = torch.randn(SIZE, generator=rng), some_gradients(rng)
    parameter = torch.nn.Parameter(theta.clone())
    optimizer = peer([parameter], lr=lr, **options)
    theirs = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
        theirs.append(parameter.data.clone())
    mine = descend(rule, theta, gradients, lr, **options)
    torch.testing.assert_close(mine, torch.stack(theirs), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_settings_have_torchs_names_and_defaults(name):
    rule, peer, _ = RULES[name]
    theirs = inspect.signature(torch.optim.Adam if name == "amsgrad" else peer).parameters
    mine = inspect.signature(rule).parameters.values()
    for parameter in (each for each in mine if each.kind is each.KEYWORD_ONLY):
        assert theirs[parameter.name].default == parameter.default


def test_lion_is_the_program_of_its_paper(rng):
    """Algorithm 2 of Chen et al., in place as published, decay before the step."""
    theta, gradients = torch.randn(SIZE, generator=rng).double(), some_gradients(rng)
    p, m, lr, decay = theta.clone(), torch.zeros_like(theta), 0.01, 0.3
    mine = descend(adaptive.lion, theta, gradients, lr, betas=(0.7, 0.95), weight_decay=decay)
    for gradient, there in zip(gradients, mine, strict=True):
        p.mul_(1 - lr * decay)
        p.add_(m.mul(0.7).add(gradient, alpha=0.3).sign(), alpha=-lr)
        m.mul_(0.95).add_(gradient, alpha=0.05)
        torch.testing.assert_close(there, p, rtol=1e-12, atol=1e-12)


def test_ftrl_is_the_minimiser_of_its_own_objective(rng):
    """The paper's line 2: argmin of Σ g·θ + ½ Σ σ (θ − θₛ)² + λ₁ |θ| + ½ (β/α + λ₂) θ²."""
    alpha, beta, l1, l2 = 0.3, 0.7, 0.8, 0.2
    gradients = torch.randn(12, generator=rng, dtype=torch.float64)
    path = descend(
        adaptive.ftrl_proximal, torch.zeros(1).double(), gradients[:, None], 1.0,
        alpha=alpha, beta=beta, l1=l1, l2=l2,
    )[:, 0]  # fmt: skip
    visited = torch.cat([torch.zeros(1).double(), path[:-1]])
    n = gradients.square().cumsum(0)
    sigma = torch.diff(n.sqrt(), prepend=torch.zeros(1).double()) / alpha
    grid = torch.linspace(-3, 3, 60_001, dtype=torch.float64)
    for t in range(12):
        value = gradients[: t + 1].sum() * grid + l1 * grid.abs()
        value += (beta / alpha + l2) * grid**2 / 2
        for s in range(t + 1):
            value += sigma[s] * (grid - visited[s]) ** 2 / 2
        assert path[t].item() == pytest.approx(grid[value.argmin()].item(), abs=1e-4)


def test_ftrl_without_penalties_is_adagrad(rng):
    theta, gradients = torch.randn(SIZE, generator=rng).double(), some_gradients(rng)
    mine = descend(adaptive.ftrl_proximal, theta, gradients, 1.0, alpha=0.2, beta=0.0)
    theirs = descend(adaptive.adagrad, theta, gradients, 0.2, eps=0.0)
    torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ftrl_gives_exact_zeros(dtype, rng):
    gradients = torch.randn(300, 500, generator=rng, dtype=dtype)
    gradients[:, :20] += 0.5  # twenty coordinates with a trend
    theta = torch.zeros(500, dtype=dtype)
    end = descend(adaptive.ftrl_proximal, theta, gradients, 1.0, l1=60.0)[-1]
    assert (end[:20] != 0).all()
    assert (end[20:] == 0).float().mean() > 0.99


# ── What all rules promise ──────────────────────────────────────────────────────────


@every_rule
def test_a_rule_changes_none_of_its_inputs(rule, rng):
    theta, (first, second) = torch.randn(4, generator=rng), torch.randn(2, 4, generator=rng)
    _, state = rule(first, None, *seen(rule, theta))
    kept = [part.clone() for part in (second, theta, *tensors(state))]
    rule(second, state, *seen(rule, theta))
    assert all(map(torch.equal, (second, theta, *tensors(state)), kept))


def tensors(state):
    return [part for part in state if isinstance(part, torch.Tensor)]


@every_rule
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_and_device_follow_the_gradient(rule, dtype):
    gradient = torch.empty(3, dtype=dtype, device="meta")
    state = None
    for _ in range(3):
        direction, state = rule(gradient, state, *seen(rule, gradient))
        for part in (direction, *tensors(state)):
            assert (part.dtype, part.device, part.shape) == (dtype, gradient.device, (3,))


@every_rule
@quickly
@given(size=st.integers(0, 5), steps=st.integers(1, 4))
def test_coordinates_do_not_know_of_each_other(rule, size, steps):
    gradients = torch.randn(steps, size + 1, dtype=torch.float64)
    together = descend(rule, torch.ones(size + 1).double(), gradients, 0.1)
    alone = descend(rule, torch.ones(1).double(), gradients[:, :1], 0.1)
    torch.testing.assert_close(together[:, :1], alone)


@every_rule
def test_a_zero_gradient_from_zero_state_moves_nothing(rule):
    direction, _ = rule(torch.zeros(3), None, *seen(rule, torch.zeros(3)))
    assert torch.equal(direction, torch.zeros(3))


@pytest.mark.parametrize("rule", SCALE_FREE.values(), ids=SCALE_FREE)
@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_the_scale_of_all_gradients_does_not_matter(rule, factor, rng):
    theta, gradients = torch.zeros(SIZE).double(), some_gradients(rng, 30)
    options = {} if rule is adaptive.lion else {"eps": 0.0}
    one = descend(rule, theta, gradients, 0.1, **options)
    many = descend(rule, theta, factor * gradients, 0.1, **options)
    torch.testing.assert_close(one, many)


FIRST = {  # the first direction, in units of the gradient's sign
    "adagrad": 1.0,
    "rmsprop": 10.0,
    "adam": 1.0,
    "amsgrad": 1.0,
    "adamax": 1.0,
    "lion": 1.0,
}


@pytest.mark.parametrize(("name", "size"), FIRST.items())
def test_the_first_step_from_zero_state_is_a_sign(name, size):
    gradient, rule = torch.tensor([1e-3, -7.0, 300.0]), VECTOR_RULES[name]
    direction, _ = rule(gradient, None, *seen(rule, torch.zeros(3)))
    torch.testing.assert_close(direction, size * gradient.sign(), rtol=1e-3, atol=0)


def test_adagrads_steps_fade_as_one_over_root_t():
    path = descend(adaptive.adagrad, torch.zeros(1), torch.full((100, 1), 3.0), 1.0)
    steps = -torch.diff(path[:, 0], prepend=torch.zeros(1))
    expected = torch.arange(1, 101).rsqrt()
    torch.testing.assert_close(steps, expected, rtol=1e-4, atol=1e-4)


def test_adams_corrected_means_are_right_from_the_first_step():
    """Constant gradient 5: m̂ = 5 and v̂ = 25 after any number of steps."""
    state = None
    for t in range(1, 20):
        direction, state = adaptive.adam(torch.tensor([5.0]), state, eps=0.0)
        assert direction.item() == pytest.approx(1.0, rel=1e-5)
        assert state.t == t


def test_amsgrads_denominator_never_shrinks(rng):
    state, before = None, torch.zeros(SIZE).double()
    for gradient in some_gradients(rng, 60):
        _, state = adaptive.amsgrad(gradient, state, betas=(0.9, 0.8))
        assert (state.peak >= before).all()
        assert (state.peak >= state.v).all()
        before = state.peak


def test_adamax_is_the_limit_of_p_norms(rng):
    """(Σ β₂^(p(t−s)) |g|^p)^(1/p) for p = 400."""
    gradients, power = torch.rand(10, generator=rng).double() + 0.1, 400
    state = None
    for gradient in gradients:
        _, state = adaptive.adamax(gradient[None], state, betas=(0.9, 0.8), eps=0.0)
    ages = torch.arange(9, -1, -1)
    norm = ((0.8**ages * gradients) ** power).sum() ** (1 / power)
    assert state.v.item() == pytest.approx(norm.item(), rel=0.01)


def test_adamws_decay_is_the_same_whatever_the_gradients_are(rng):
    """Under decoupled decay the weights' share that is left does not know the gradients."""
    gradients = torch.randn(100, 4, generator=rng, dtype=torch.float64)
    zero, one = torch.zeros(4).double(), torch.ones(4).double()
    for scale in (1.0, 100.0):
        both = [
            descend(adaptive.adamw, start, scale * gradients, 0.01, weight_decay=0.5)[-1]
            for start in (one, zero)
        ]
        torch.testing.assert_close(both[0] - both[1], one * (1 - 0.005) ** 100)


def test_adam_steps_are_bounded_by_the_rate_times_a_constant(rng):
    """|m̂| / √v̂ ≤ (1 − β₁) / √(1 − β₂) when that exceeds 1 (section 2.1), reached by a spike."""
    gradients = torch.zeros(2000, 1).double()
    gradients[-1] = 1.0
    path = descend(adaptive.adam, torch.zeros(1).double(), gradients, 1.0)
    assert -path[-1].item() == pytest.approx(0.1 / math.sqrt(0.001), rel=0.1)


# ── Rules that turn the gradient ────────────────────────────────────────────────────


def test_newton_reaches_a_quadratics_minimum_in_one_step(rng):
    factor = torch.randn(5, 5, generator=rng, dtype=torch.float64)
    hessian, minimum = factor @ factor.T + torch.eye(5), torch.randn(5, dtype=torch.float64)
    theta = 100 * torch.randn(5, dtype=torch.float64)
    direction = adaptive.newton(hessian @ (theta - minimum), hessian)
    torch.testing.assert_close(theta - direction, minimum)


def test_much_damping_turns_newton_into_gradient_descent(rng):
    gradient, hessian = torch.randn(3, generator=rng), torch.diag(torch.tensor([1.0, 2, 3]))
    direction = adaptive.newton(gradient, hessian, damping=1e6)
    torch.testing.assert_close(1e6 * direction, gradient, rtol=1e-3, atol=1e-4)


def test_newton_refuses_a_singular_hessian():
    with pytest.raises(torch.linalg.LinAlgError):
        adaptive.newton(torch.ones(2), torch.zeros(2, 2))


@pytest.mark.parametrize("coefficients", [CUBIC, adaptive.MUON])
@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (1, 3)])
def test_newton_schulz_is_its_polynomial_on_the_singular_values(shape, coefficients, rng):
    matrix = torch.randn(shape, generator=rng, dtype=torch.float64)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    s = s / matrix.norm()
    a, b, c = coefficients
    for _ in range(6):
        s = a * s + b * s**3 + c * s**5
    found = adaptive.newton_schulz(matrix, 6, coefficients)
    torch.testing.assert_close(found, u * s @ vh, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_newton_schulz_agrees_with_torchs_muon(shape, rng):
    matrix = torch.randn(shape, generator=rng)
    parameter = torch.nn.Parameter(torch.zeros(shape))
    parameter.grad = matrix.clone()
    optimizer = torch.optim.Muon([parameter], lr=1.0, weight_decay=0.0, momentum=0.95)
    direction, state = adaptive.muon(matrix, None)
    optimizer.step()
    # torch iterates in bfloat16, which knows three digits
    torch.testing.assert_close(direction, -parameter.data, rtol=0.1, atol=0.03)
    parameter.grad = 2 * matrix.flip(0)
    before = parameter.data.clone()
    optimizer.step()
    direction, _ = adaptive.muon(2 * matrix.flip(0), state)
    torch.testing.assert_close(direction, before - parameter.data, rtol=0.1, atol=0.03)


def test_the_cubic_iteration_ends_on_the_nearest_orthogonal_matrix(rng):
    matrix = torch.randn(6, 4, generator=rng, dtype=torch.float64)
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    torch.testing.assert_close(adaptive.newton_schulz(matrix, 40, CUBIC), u @ vh)


def test_muons_coefficients_bring_singular_values_near_one(rng):
    matrix = torch.randn(60, 40, generator=rng, dtype=torch.float64)
    values = torch.linalg.svdvals(adaptive.newton_schulz(matrix))
    assert 0.65 < values.min() <= values.max() < 1.2


def test_newton_schulz_of_nothing_is_nothing():
    assert torch.equal(adaptive.newton_schulz(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_shampoos_first_direction_is_orthogonal(rng):
    """(G Gᵀ)^(−1/4) G (Gᵀ G)^(−1/4) = U Vᵀ: what Muon approximates."""
    matrix = torch.randn(4, 4, generator=rng, dtype=torch.float64)
    direction, state = adaptive.shampoo(matrix, None, eps=1e-12)
    u, _, vh = torch.linalg.svd(matrix)
    torch.testing.assert_close(direction, u @ vh, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(state.left, matrix @ matrix.T)


def test_shampoo_with_one_column_is_adagrad_of_the_norm(rng):
    """One weight: L = R = Σ g², so the direction is g / √Σ g²."""
    state, total = None, 0.0
    for g in torch.randn(9, 1, 1, generator=rng, dtype=torch.float64):
        direction, state = adaptive.shampoo(g, state, eps=0.0)
        total += g.item() ** 2
        assert direction.item() == pytest.approx(g.item() / math.sqrt(total), rel=1e-8)


@pytest.mark.parametrize("rule", [adaptive.muon, adaptive.shampoo])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_matrix_rules_keep_dtype_and_inputs(rule, dtype, rng):
    gradient = torch.randn(3, 5, generator=rng, dtype=dtype)
    kept, (_, state) = gradient.clone(), rule(gradient, None)
    kept_state = [part.clone() for part in tensors(state)]
    direction, _ = rule(gradient, state)
    assert (direction.dtype, direction.shape) == (dtype, (3, 5))
    assert torch.equal(gradient, kept)
    assert all(map(torch.equal, tensors(state), kept_state))


# ── Switching ───────────────────────────────────────────────────────────────────────


def test_the_matching_rate_makes_sgd_go_as_far_along_the_step(rng):
    step, gradient = torch.randn(2, 8, generator=rng, dtype=torch.float64)
    sgd = adaptive.matching_rate(step, gradient) * gradient
    torch.testing.assert_close(torch.dot(sgd, step), torch.dot(step, step))


def test_sgds_own_step_gives_its_rate_back(rng):
    gradient = torch.randn(8, generator=rng)
    assert adaptive.matching_rate(0.03 * gradient, gradient).item() == pytest.approx(0.03)


def test_the_state_can_be_written_down_and_taken_up_again(rng):
    gradients = torch.randn(10, 3, generator=rng)
    state = None
    for gradient in gradients[:5]:
        _, state = adaptive.adam(gradient, state)
    again = Moments(*state)
    for gradient in gradients[5:]:
        one, state = adaptive.adam(gradient, state)
        two, again = adaptive.adam(gradient, again)
        assert torch.equal(one, two)


@every_rule
def test_a_packaged_rule_steps_as_the_rule_does_and_goes_on_from_a_saved_state(rule, rng):
    gradients = torch.randn(9, 5, generator=rng, dtype=torch.float64)
    mine = descend(rule, torch.ones(5).double(), gradients, 0.1)
    theta = torch.nn.Parameter(torch.ones(5).double())
    optimizer = Descent([theta], rule, lr=0.1)
    for gradient, there in zip(gradients, mine, strict=True):
        saved = optimizer.state_dict()
        optimizer = Descent([theta], rule, lr=9.0)
        optimizer.load_state_dict(saved)
        theta.grad = gradient.clone()
        optimizer.step()
        torch.testing.assert_close(theta.data, there, rtol=1e-12, atol=1e-12)


def test_a_packaged_ftrl_lands_on_zero_exactly(rng):
    theta = torch.nn.Parameter(torch.randn(50, generator=rng))
    optimizer = Descent([theta], adaptive.ftrl_proximal, lr=1.0, l1=1e3)
    theta.grad = torch.randn(50, generator=rng)
    optimizer.step()
    assert not theta.any()


def test_examples_in_docstrings():
    parts = [getattr(adaptive, name) for name in ("squares", "moments", "decay", "curvature")]
    assert sum(doctest.testmod(part).failed for part in parts) == 0
