"""The same function as another person would write it: its arithmetic only rounds otherwise."""

import ast
from collections.abc import Callable

from autograder.spec import Exercise, Misconception


def in_another_style(exercise: Exercise, *wrong: Misconception) -> Callable:
    """The reference, or what someone with these misconceptions wrote, written otherwise."""
    tree = Otherwise().visit(ast.parse(exercise.edited(*wrong)))
    source = ast.unparse(ast.fix_missing_locations(tree))
    return exercise.compiled(source, f"{exercise.id} in another style")


class Otherwise(ast.NodeTransformer):
    """Quotients as products, differences turned round, products from the right, no squares."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.BinOp(a, ast.Div(), b):
                return ast.BinOp(a, ast.Mult(), ast.BinOp(ast.Constant(1), ast.Div(), b))
            case ast.BinOp(a, ast.Sub(), b):
                return ast.UnaryOp(ast.USub(), ast.BinOp(b, ast.Sub(), a))
            case ast.BinOp(ast.BinOp(a, ast.Mult(), b), ast.Mult(), c):
                return ast.BinOp(a, ast.Mult(), ast.BinOp(b, ast.Mult(), c))
            case ast.BinOp(ast.Name() as a, ast.Pow(), ast.Constant(2)):
                return ast.BinOp(a, ast.Mult(), a)
        return node
