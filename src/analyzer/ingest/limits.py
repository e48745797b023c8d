"""How much of anything one file may ask for."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds for reading one file. Each is checked before the memory or the time it protects is spent."""

    max_columns: int = 20_000
    max_line_bytes: int = 16 * MIB
    max_decompressed_bytes: int = 16 * 1024 * MIB
    max_decompression_ratio: int = 200
    """How many bytes one compressed byte may become, once more than `free_decompressed_bytes` came out."""
    free_decompressed_bytes: int = 32 * MIB
    max_document_bytes: int = 512 * MIB
    """Of what has to be in memory as a whole: a workbook's inflated sheet, a JSON document that is no list of rows."""


DEFAULT_LIMITS = Limits()
