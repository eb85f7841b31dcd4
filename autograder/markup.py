"""Text as HTML."""

from html import escape


def coded(text: str) -> str:
    """Escaped, with `names` in back quotes shown as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:  # an odd quote out: leave the text as it is
        return escape(text)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
