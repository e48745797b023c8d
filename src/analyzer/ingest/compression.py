"""Compressed files: gzip, bzip2, xz, zstandard, and one member of a zip archive, inflated within bounds."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, cast

import zstandard

from analyzer.errors import DecompressionLimit, EncryptedDocument, InvalidParameters, ParseError, UnsupportedFormat
from analyzer.ingest.limits import Limits
from analyzer.ingest.source import Source

ZIP = b"PK\x03\x04"
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile)
WORKBOOK_MEMBERS = ("[Content_Types].xml", "mimetype", "xl/workbook.xml", "xl/workbook.bin")
ZSTANDARD_PIECE_BYTES = 1024
MAX_MEMBERS = 10_000
ENCRYPTED_FLAG = 0x1


def _gzip(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=packed))


def _bzip2(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", bz2.BZ2File(packed))


def _xz(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", lzma.LZMAFile(packed))


class _ZstandardFrames(io.RawIOBase):
    """The frames of a zstandard file one after the other; unlike the library's own reader it notices a missing end."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__()
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._started = False

    def readable(self) -> bool:
        return True

    def read(self, _: int = -1) -> bytes:
        """What the next pieces inflate to; small pieces, since each may become 32,000 times its size."""
        while True:
            if self._frame.eof:
                rest, self._started = self._frame.unused_data, False
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            else:
                rest = b""
            piece = rest or self._packed.read(ZSTANDARD_PIECE_BYTES)
            if not piece and self._started:
                raise EOFError("the last frame is cut off")
            if not piece:
                return b""
            self._started = True
            if inflated := self._frame.decompress(piece):
                return inflated


def _zstandard(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", _ZstandardFrames(packed))


OPENERS = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"BZh": ("bzip2", _bzip2),
    b"\xfd7zXZ\x00": ("xz", _xz),
    b"\x28\xb5\x2f\xfd": ("zstandard", _zstandard),
}


class Counted(io.RawIOBase):
    """What a compressed stream becomes, as long as it stays in proportion. Raises DecompressionLimit and ParseError."""

    def __init__(self, inflated: BinaryIO, packed: BinaryIO, limits: Limits) -> None:
        super().__init__()
        self._inflated = inflated
        self._packed = packed
        self._limits = limits
        self._count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, and never more than 1 MiB, so that the proportion is checked often."""
        try:
            piece = self._inflated.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        except BROKEN as error:
            raise ParseError(
                f"The compressed data are damaged: {error}.", where={"offset": self._packed.tell()}
            ) from error
        self._count += len(piece)
        packed = self._packed.tell()
        check_proportion(self._count, packed, self._limits, where={"offset": packed})
        return piece


def check_proportion(inflated: int, packed: int, limits: Limits, where: Mapping[str, object]) -> None:
    """Raise DecompressionLimit, saying where, if so many bytes came, or are to come, out of so few."""
    bound = max(limits.free_decompressed_bytes, packed * limits.max_decompression_ratio)
    if inflated > min(bound, limits.max_decompressed_bytes):
        raise DecompressionLimit(
            f"{packed:,} compressed bytes become more than {min(bound, limits.max_decompressed_bytes):,}.",
            limit=min(bound, limits.max_decompressed_bytes),
            where=where,
        )


def unpacked(source: Source, member: str | None, limits: Limits) -> Source:
    """The source without its compression, if it has one; a zip archive must hold one file, or `member` names one."""
    head = source.head(8)
    for opening, (name, opener) in OPENERS.items():
        if head.startswith(opening):
            return Source(source.origin, name, partial(_inflated, opener, limits))
    if head.startswith(ZIP) and (entry := _member(source, member, limits)) is not None:
        return Source(source.origin, "zip", lambda packed: _open_member(packed, entry, limits), inner_name=entry)
    return source


def _inflated(opener: Callable[[BinaryIO], BinaryIO], limits: Limits, packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", Counted(opener(packed), packed, limits))


def _open_member(packed: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    with _archive_read(packed, {"member": name}):
        return cast("BinaryIO", Counted(cast("BinaryIO", zipfile.ZipFile(packed).open(name)), packed, limits))


def _member(source: Source, wanted: str | None, limits: Limits) -> str | None:
    """The name of the member to read; None if the archive is a workbook. The directory is checked, nothing inflated."""
    with source.open() as stream, _archive_read(stream):
        archive = zipfile.ZipFile(stream)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.filename in WORKBOOK_MEMBERS for entry in entries):
        check_directory(entries, limits)
        return None
    tables = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
    chosen = _choose(tables, wanted, {"offset": archive.start_dir})
    if chosen.flag_bits & ENCRYPTED_FLAG:
        raise EncryptedDocument(
            f"{chosen.filename!r} in the archive is protected by a password.", where={"member": chosen.filename}
        )
    check_proportion(chosen.file_size, chosen.compress_size, limits, where={"member": chosen.filename})
    return chosen.filename


def _choose(entries: list[zipfile.ZipInfo], wanted: str | None, directory: Mapping[str, int]) -> zipfile.ZipInfo:
    """The member that was asked for, or the only one; a refusal names the place of the directory."""
    names = ", ".join(entry.filename for entry in entries[:20]) or "nothing"
    if wanted is None:
        if len(entries) == 1:
            return entries[0]
        raise InvalidParameters(
            f"The archive holds {len(entries)} files; set `member` to one of: {names}.",
            errors=[{"pointer": "/member", "detail": "needed for an archive that does not hold exactly one file"}],
            where=directory,
        )
    for entry in entries:
        if entry.filename == wanted:
            return entry
    raise InvalidParameters(
        f"The archive has no member {wanted!r}; it holds {names}.",
        errors=[{"pointer": "/member", "detail": "no such member"}],
        where=directory,
    )


def check_directory(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Raise for an archive that has too many members, encrypted ones, or that would inflate out of proportion."""
    if len(entries) > MAX_MEMBERS:
        raise DecompressionLimit(
            f"The archive has more than {MAX_MEMBERS:,} members.",
            limit=MAX_MEMBERS,
            where={"member": entries[MAX_MEMBERS].filename},
        )
    for entry in entries:
        if entry.flag_bits & ENCRYPTED_FLAG:
            raise EncryptedDocument(
                f"{entry.filename!r} in the archive is protected by a password.", where={"member": entry.filename}
            )
    inflated, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    largest = max(entries, key=lambda entry: entry.file_size)
    check_proportion(inflated, packed, limits, where={"member": largest.filename})


@contextmanager
def _archive_read(stream: BinaryIO, where: Mapping[str, object] | None = None) -> Iterator[None]:
    """Say where a zip archive is damaged: at `where`, or at its end, from which it is read."""
    try:
        yield
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, RuntimeError) as error:
        raise UnsupportedFormat(
            f"The zip archive cannot be read: {error}.",
            recognised="damaged zip archive",
            where=where or {"offset": stream.seek(0, 2)},
        ) from error
