"""A reference function is taken out of the library wherever a package hands it on."""

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("held_by", ["steadygrad.activations", "steadygrad.activations.gates"])
def test_a_package_does_not_hand_on_what_is_withheld(held_by):
    code = (
        "import torch\n"
        f"from {held_by} import gelu, silu\n"  # there before it is withheld
        "from autograder.worker import withhold\n"
        "withhold(['steadygrad.activations.gates.gelu'])\n"
        f"from {held_by} import gelu as taken, silu as left\n"
        "assert taken is not gelu and left is silu\n"
        "left(torch.zeros(1))\n"
        "try:\n    taken(torch.zeros(1))\n"
        "except RuntimeError as error:\n    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "the function you are asked to write" in ran.stdout, ran.stderr
