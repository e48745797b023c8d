"""White space: what Unicode counts as such, as `str.isspace` and `str.strip` do; the same for every rule about text.

RE2's own `\\s` knows six characters of ASCII alone, so patterns are written with it and rewritten here.
"""

WHITE = [letter for letter in map(chr, range(0x3001)) if letter.isspace()]  # U+3000 is the last one there is

ANY_OF = "".join(rf"\x{{{ord(letter):x}}}" for letter in WHITE)
"""What stands for them between the brackets of a pattern."""

FIRST_BYTES = sorted({letter.encode()[0] for letter in WHITE})
LAST_BYTES = sorted({letter.encode()[-1] for letter in WHITE})
"""Of them in UTF-8. Other characters share some of these bytes, so that they tell what may be white, not what is."""


def spaced(pattern: str) -> str:
    r"""The RE2 pattern with Unicode's meaning of `\s` and `\S`, which stand outside of brackets."""
    return pattern.replace(r"\s", f"[{ANY_OF}]").replace(r"\S", f"[^{ANY_OF}]")
