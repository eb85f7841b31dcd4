"""The longer measurements behind the chapters' claims: a script each, its numbers beside it.

A script has `measure(seeds)`, which returns the numbers, and CLAIMS, the sentences that a
chapter builds on them.  `python -m experiments` measures everything again.
"""
