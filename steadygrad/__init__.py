"""The reference library of Steady Gradients: what is right, one module a chapter."""
