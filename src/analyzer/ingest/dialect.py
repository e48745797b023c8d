"""How a delimited text is written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """What separates cells, what quotes them and what escapes quotes (empty: nothing); confidence from 0 to 1."""

    delimiter: str
    quote: str = '"'
    escape: str = ""
    confidence: float = 1.0
