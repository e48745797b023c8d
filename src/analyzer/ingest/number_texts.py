"""Numbers as people write them: which marks they use, and whether a double keeps every digit."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SAFE_CHARACTERS = 15
"""A text of so many characters has at most 15 digits, and every double keeps those."""
SHORTEST_UNDERFLOW = len("1e-324")
SMALLEST_NORMAL = 2.2250738585072014e-308
LARGEST = 1.7976931348623157e308
ZERO, NINE, PLUS, MINUS, POINT, LOWER_X, UPPER_X = b"09+-.xX"

EXPONENT = r"([eE][+-]?[0-9]{1,3})?"
PLAIN_INTEGER = r"^-?(0|[1-9][0-9]*)$"
PLAIN_NUMBER = rf"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+){EXPONENT}$|^-?([Ii]nf|Infinity)$"
OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
IP_ADDRESS = rf"^{OCTET}([.]{OCTET}){{3}}$"
PHONE_LIKE = r"^\+[0-9]{5}"
SPACES = "[ \u00a0\u2009\u202f]"


@dataclass(frozen=True)
class NumberStyle:
    """The decimal mark, and what groups the digits (empty: nothing)."""

    decimal: str = "."
    thousands: str = ""

    @property
    def is_plain(self) -> bool:
        return self == PLAIN

    @property
    def group(self) -> str:
        """What stands between groups of digits, as a pattern."""
        return SPACES if self.thousands == " " else f"[{self.thousands}]"

    @property
    def pattern(self) -> str:
        """What numbers of this style look like."""
        if self.is_plain:
            return PLAIN_NUMBER
        mark, group = f"[{self.decimal}]", self.group
        whole = "(0|[1-9][0-9]*)"
        if self.thousands:
            whole = rf"([1-9][0-9]{{0,2}}({group}[0-9]{{3}})+|0|[1-9][0-9]*)"
        return rf"^[+-]?({whole}({mark}[0-9]*)?|{mark}[0-9]+){EXPONENT}$"

    def plain(self, texts: pa.StringArray) -> pa.StringArray:
        """Numbers of this style as Python writes them."""
        if self.thousands:
            texts = pc.replace_substring_regex(texts, self.group, "")
        return texts if self.decimal == "." else pc.replace_substring(texts, self.decimal, ".")

    def __str__(self) -> str:
        grouped = f", digits grouped by {self.thousands!r}" if self.thousands else ""
        return f"decimal mark {self.decimal!r}{grouped}"


PLAIN = NumberStyle()
STYLES = (
    NumberStyle(".", ","),
    NumberStyle(",", ""),
    NumberStyle(",", "."),
    NumberStyle(",", " "),
    NumberStyle(".", " "),
    NumberStyle(".", "'"),
)


def name_things(texts: pa.StringArray, style: NumberStyle) -> bool:
    """Whether digits grouped in a style are addresses, versions or telephone numbers: always as many groups, at least
    three, and the first of three digits too; or with points between them, and the first always the same.
    """
    if len(texts) < 2 or not _all_match(texts, rf"^[0-9]{{1,3}}({style.group}[0-9]{{3}}){{2,}}$"):
        return False
    if len(pc.unique(pc.count_substring_regex(texts, style.group))) > 1:
        return False
    if style.thousands != ".":
        return _all_match(texts, rf"^[0-9]{{3}}{style.group}")
    first = pc.unique(pc.replace_substring_regex(texts, "[.].*$", ""))
    return len(first) == 1 or _all_match(first, "^[0-9]{3}$") or _all_match(texts, IP_ADDRESS)


def _all_match(texts: pa.StringArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py())


def begins_oddly(texts: pa.StringArray) -> bool:
    """Whether any text begins with a needless zero (007, 0x1F, -01) or a plus: no number is written so by a machine."""
    starts, letters, lengths = views(texts)
    if not len(letters):
        return False
    first = letters.take(starts, mode="clip")
    if (first == PLUS).any() and bool(((first == PLUS) & (lengths > 0)).any()):
        return True
    negative = first == MINUS
    chosen = np.flatnonzero(negative | (first == ZERO))
    signs = negative.take(chosen)
    digits = starts.take(chosen) + signs
    several = lengths.take(chosen) - signs > 1
    zero = letters.take(digits, mode="clip") == ZERO
    second = letters.take(digits + 1, mode="clip")
    more = ((second >= ZERO) & (second <= NINE)) | (second == LOWER_X) | (second == UPPER_X)
    return bool((several & zero & more).any())


def views(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the texts start, their letters, and their lengths, without copying. Nulls have length 0."""
    _, offsets, letters = texts.buffers()
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return places[:-1], np.frombuffer(letters or b"", np.uint8), np.diff(places)


def lossy(texts: pa.StringArray, values: pa.DoubleArray) -> list[str]:
    """The texts of numbers of which the double next to it does not keep every digit."""
    if not len(texts):
        return []
    _, _, lengths = views(texts)
    doubles = np.frombuffer(values.buffers()[1], np.float64)[values.offset : values.offset + len(values)]
    doubtful = lengths > SAFE_CHARACTERS
    sizes = np.abs(doubles)
    if not sizes.max() <= LARGEST:
        doubtful |= ~(sizes <= LARGEST)
    if sizes.min() < SMALLEST_NORMAL:
        doubtful |= (sizes < SMALLEST_NORMAL) & (lengths >= SHORTEST_UNDERFLOW)
    if not doubtful.any():
        return []
    chosen = pa.array(np.flatnonzero(doubtful))
    texts, values = texts.take(chosen), values.take(chosen)
    unequal = pc.not_equal(pc.cast(values, pa.string()), texts)
    pairs = zip(texts.filter(unequal).to_pylist(), values.filter(unequal).to_pylist(), strict=True)
    return [text for text, value in pairs if not keeps_digits(text, value)]


def keeps_digits(text: str, value: float) -> bool:
    """Whether a double, printed with as many digits as the text of a number has, gives back that number.

    Whole numbers beyond 64 bits are taken for identifiers: they are not kept even where a double happens to hit them.
    """
    if not -LARGEST <= value <= LARGEST:
        return text.lower().strip("+-").startswith("inf")
    fraction, e, _ = text.partition("e")
    if e and format(value, f".{len(fraction.partition('.')[2])}e") == text:
        return True
    exact = Decimal(text)
    if abs(exact) >= 2**63 and text.lstrip("+-").isdigit():
        return False
    if Decimal(repr(value)) == exact:
        return True
    digits = len(exact.as_tuple().digits)
    return Decimal(format(value, f".{digits - 1}e")) == exact
