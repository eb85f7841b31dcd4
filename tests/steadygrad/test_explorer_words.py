"""Numbers as people say them."""

import math

import pytest

from steadygrad.explorers.words import human

SAID = {
    0.0: "0",
    1.0: "1",
    0.98: "0.98",
    0.00123: "0.0012",
    0.0996: "0.1",
    9.96: "10",
    347.0: "350",
    12345.0: "12\u202f000",
    99999.0: "10⁵",
    1e-4: "10⁻⁴",
    3.21e-12: "3 × 10⁻¹²",
    9.7e-12: "10⁻¹¹",
    -3.0: "−3",
    math.inf: "beyond all numbers",
    math.nan: "beyond all numbers",
}


@pytest.mark.parametrize("value", SAID)
def test_a_number_is_said_in_as_few_digits_as_tell_it(value):
    assert human(value) == SAID[value]
