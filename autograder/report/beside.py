"""Two functions side by side, or below each other where there is little room."""

from html import escape

from autograder.markup import coded

LONG = 16  # lines: two functions that are longer than this are folded
BOTH = "display:flex;flex-wrap:wrap;gap:0.4em 1.2em;margin:0.3em 0"
EACH = "flex:1 1 20em;min-width:0;margin:0"
CODE = "overflow-x:auto;margin:0.2em 0;padding:0.2em 0"
LINES = "white-space:pre;overflow-wrap:normal"  # JupyterLab would break them


def side_by_side(yours: str, reference: str, remark: str) -> str:
    """The learner's own function and the reference, as HTML; nothing where there are none."""
    if not reference:
        return _remark(remark)
    longest = max(len(code.splitlines()) for code in (yours, reference))
    opened = "" if longest > LONG else " open"
    blocks = _block("Yours", yours) + _block("The course's own", reference)
    return (
        f"<details{opened}><summary>Your function beside the course's own</summary>"
        f'<div style="{BOTH}">{blocks}</div>{_remark(remark)}</details>'
    )


def _remark(remark: str) -> str:
    return f"<p>{coded(remark)}</p>" * bool(remark)


def block(code: str) -> str:
    """Code as a page shows it; a reader may move along its lines by keyboard."""
    pre, code = f'<pre tabindex="0" style="{CODE};{LINES}">', escape(code)
    return f'{pre}<code style="{LINES}">{code}</code></pre>'


def _block(name: str, code: str) -> str:
    return f'<div style="{EACH}"><small>{escape(name)}</small>{block(code)}</div>'
