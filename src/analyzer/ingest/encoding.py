"""Which encoding a text file is in, and its text as UTF-8."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import charset_normalizer

from analyzer.errors import InvalidParameters
from analyzer.ingest.alphabets import is_japanese, is_thai, page_by_letters
from analyzer.ingest.source import read_up_to

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
EASTERN = ("euc_kr", "gb18030", "big5", "shift_jis", "euc_jp")
ACCENTED = ("cp1252", "cp1250", "iso8859_2", "cp1254", "cp850", "mac_roman")
OTHER_SCRIPTS = ("cp1251", "koi8_r", "iso8859_5", "cp1253", "cp1255", "cp1256", "cp866")
WESTERN = ("cp1252", "iso8859_15")
WESTERN_LETTERS = frozenset("äöüÄÖÜßéèêëàâáãåæçíìîïñóòôõøúùûÉÈÊÀÂÁÅÆÇÍÎÑÓÔÕØÚœŒ€£°§«»–—‘’“”…²³µ®©")
SYMBOLS = "£€¤¥¢¡¿¬¦¼½¾±×÷¶"
ODD = (
    re.compile("[\ufffd\x80-\x9f]"),
    re.compile(rf"(?<=[^\W\d_])[{SYMBOLS}]|[{SYMBOLS}](?=[^\W\d_])"),
    re.compile(r"(?<=[^\W\d_])[»«©°§](?=[^\W\d_])|®(?=[^\W\d_])"),
    re.compile("(?<=[a-zß-öø-ÿąćęłńśźż])[À-ÖØ-ÞŸŠŽŒĄĆĘŁŃŚŹŻ]"),
)
IN_WORD = re.compile("(?<=[A-Za-z])[^\x00-\x7f]+(?=[a-z])|(?<![A-Za-z])[^\x00-\x7f](?=[a-z]{2})")
BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
JAPANESE_ESCAPE = re.compile(rb"\x1b\$(?:[@B]|\([D@B])")
LAST_PLANE = 0x10
JUDGED_BYTES = 16_384
FEW_ERRORS = 0.05
"""The share of characters beyond ASCII that may be broken in what is still called UTF-8."""


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's name, how sure that is (0 to 1), and the length of the byte order mark."""

    name: str
    confidence: float
    mark_bytes: int = 0


def detect_encoding(head: bytes, wanted: str | None = None) -> Encoding:
    """The encoding of a file that begins with `head`: as wanted, by its mark, by zeros, UTF-8, or a guess."""
    mark = next(((mark, name) for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if wanted is not None:
        return _wanted(wanted, mark)
    if mark is not None:
        return Encoding(mark[1], 1.0, len(mark[0]))
    if (name := _by_zeros(head) or _by_escapes(head)) is not None:
        return Encoding(name, 0.95)
    if (name := _by_line_ends(head)) is not None:
        return Encoding(name, 0.9)
    broken, beyond_ascii = _count_broken(head)
    if broken <= FEW_ERRORS * beyond_ascii:
        return Encoding("utf-8", 1.0 if not broken else 0.8)
    sample = _lines_beyond_ascii(head)
    eastern = next((name for name in EASTERN if _looks_eastern(sample, name)), None)
    if eastern == "gb18030" and is_japanese(sample):
        return Encoding("euc_jp", 0.6)
    if eastern is not None:
        return Encoding(eastern, 0.7)
    if is_thai(sample):
        return Encoding("cp874", 0.7)
    lines = sample.splitlines()
    if 2 * sum(map(_is_utf8, lines)) >= len(lines):  # other encodings hardly are by chance: two files were joined
        return Encoding("utf-8", 0.6)
    return _guess(sample)


def _wanted(name: str, mark: tuple[bytes, str] | None) -> Encoding:
    """The encoding the user asked for; InvalidParameters if Python has none of that name."""
    try:
        found = codecs.lookup(name).name
        b"".decode(found)
    except (LookupError, ValueError, TypeError) as error:
        raise InvalidParameters(
            f"The encoding {name[:40]!r} is not known.", errors=[{"pointer": "/encoding", "detail": "not known"}]
        ) from error
    if mark is not None and mark[1].startswith(found.removesuffix("-sig")):
        return Encoding(mark[1], 1.0, len(mark[0]))
    return Encoding({"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(found, found), 1.0)


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: every second byte, or three of four, of text with ASCII in it are zero."""
    sample = head[: min(len(head), JUDGED_BYTES) // 4 * 4]
    if sample.count(0) < len(sample) // 5 or not sample:
        return None
    zeros = [sample[place::4].count(0) / (len(sample) // 4) for place in range(4)]
    if min(zeros[1:]) > 0.9 and zeros[0] < 0.5:
        return "utf-32-le"
    if min(zeros[:3]) > 0.9 and zeros[3] < 0.5:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > 0.4 and max(zeros[0], zeros[2]) < 0.05:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > 0.4 and max(zeros[1], zeros[3]) < 0.05:
        return "utf-16-be"
    return None


def _by_line_ends(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, of scripts that are far from ASCII: the line ends give their width away."""
    sample = head[: min(len(head), JUDGED_BYTES) // 4 * 4]
    if 0 not in sample:
        return None
    if not any(sample[3::4]) and max(sample[2::4]) <= LAST_PLANE and _is_wide_text(sample, "utf-32-le"):
        return "utf-32-le"
    if not any(sample[0::4]) and max(sample[1::4]) <= LAST_PLANE and _is_wide_text(sample, "utf-32-be"):
        return "utf-32-be"
    for name, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        # in a text of single bytes, about half of the line ends would stand here
        if not any(mark in high for mark in b"\n\r") and _is_wide_text(sample, name):
            return name
    return None


def _is_wide_text(sample: bytes, name: str) -> bool:
    """Whether the bytes are lines of assigned characters in an encoding of two or four bytes a unit."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return False
    strange = sum(count for character, count in Counter(text).items() if _is_strange(character))
    return ("\n" in text or "\r" in text) and strange <= len(text) / 200


def _is_strange(character: str) -> bool:
    return character not in "\t\n\r" and unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")


def _by_escapes(head: bytes) -> str | None:
    """ISO-2022-JP: bytes of seven bits, in which escapes turn to Japanese and back."""
    if not JAPANESE_ESCAPE.search(head) or not head.isascii():
        return None
    for name in ("iso2022_jp", "iso2022_jp_ext"):
        try:
            codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        return name
    return None


def _count_broken(head: bytes) -> tuple[int, int]:
    """How many bytes are not UTF-8, how many characters are not ASCII. One cut off at the end is neither."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head)
    beyond = sum(1 for character in text if ord(character) > 127) if not text.isascii() else 0
    return sum(1 for character in text if 0xDC80 <= ord(character) <= 0xDCFF) if beyond else 0, beyond


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guess(sample: bytes) -> Encoding:
    """The likeliest encoding of one byte a character. They are hard to tell apart."""
    if (name := page_by_letters(sample)) is not None:
        return Encoding(name, 0.7)
    runs = BEYOND_ASCII.findall(sample)
    accents_only = sum(map(len, runs)) <= 2 * len(runs)
    if accents_only:
        for name in WESTERN:
            letters = b"".join(runs).decode(name, "replace")
            if WESTERN_LETTERS.issuperset(letters) and not _odd_in_words(sample, name):
                return Encoding(name, 0.7)
    likely = _least_odd(sample) if accents_only else OTHER_SCRIPTS
    found = charset_normalizer.from_bytes(sample, cp_isolation=list(likely), steps=3).best()
    return Encoding(likely[0] if found is None else codecs.lookup(found.encoding).name, 0.5)


def _least_odd(sample: bytes) -> list[str]:
    """The encodings of accented letters under which the words look most like words."""
    odd = {name: _odd_in_words(sample, name) for name in ACCENTED}
    return [name for name in ACCENTED if odd[name] == min(odd.values())]


def _odd_in_words(sample: bytes, name: str) -> int:
    """How many characters are none, are symbols at the side of a letter, or are capitals behind a small letter."""
    text = sample.decode(name, "replace")
    return sum(len(odd.findall(text)) for odd in ODD)


def _lines_beyond_ascii(head: bytes) -> bytes:
    """The lines that tell something about the encoding, up to a bound."""
    lines = [line for line in head[: 16 * JUDGED_BYTES].splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:JUDGED_BYTES]


def _looks_eastern(sample: bytes, name: str) -> bool:
    """Whether a multi-byte encoding decodes the sample completely, and to the characters its languages use most."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return False
    beyond = [character for character in text if ord(character) > 127]
    if len(IN_WORD.findall(text)) > len(beyond) / 4:  # accented letters stand so, with the next one swallowed
        return False
    usual = sum(1 for character in beyond if _is_usual_eastern(character, name))
    return len(beyond) > 0 and usual / len(beyond) > 0.9


def _is_usual_eastern(character: str, name: str) -> bool:
    """Whether a character is common in the language an encoding was made for."""
    point = ord(character)
    if name == "euc_kr":
        return 0xAC00 <= point <= 0xD7A3
    if name in ("shift_jis", "euc_jp"):
        return 0x3040 <= point <= 0x30FF or 0x4E00 <= point <= 0x9FFF or 0x3000 <= point <= 0x303F
    return _is_frequent_chinese(character, name)


def _is_frequent_chinese(character: str, name: str) -> bool:
    """Level 1 of GB 2312 and of Big5 holds the frequent characters, sorted to the front of the code."""
    try:
        code = character.encode("gb2312" if name == "gb18030" else "big5")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] < 0xA4 if name == "gb18030" else code[0] <= 0xC6)


def utf8_pieces(source: BinaryIO, encoding: Encoding, piece_bytes: int) -> Iterator[tuple[bytes, int]]:
    """The rest of `source` in UTF-8, and how many characters were replaced in each piece.

    What claims to be UTF-8 comes as it is: `repaired` mends it when whole lines are together.
    """
    if encoding.name == "utf-8":
        while piece := read_up_to(source, piece_bytes):
            yield piece, 0
        return
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    final = False
    while not final:
        piece = read_up_to(source, piece_bytes)
        final = not piece
        text = decoder.decode(piece, final)
        yield text.encode("utf-8", errors="replace"), text.count("\ufffd")


def repaired(text: bytes) -> tuple[bytes, int]:
    """Valid UTF-8, and how many bytes were not: those are read as Windows-1252, which is what they mostly are."""
    if text.isascii():
        return text, 0
    try:
        text.decode()
    except UnicodeDecodeError:
        pass
    else:
        return text, 0
    characters = text.decode("utf-8", "surrogateescape")
    broken = sorted({character for character in characters if 0xDC80 <= ord(character) <= 0xDCFF})
    count = sum(characters.count(character) for character in broken)
    table = {
        ord(character): bytes([ord(character) - 0xDC00]).decode("cp1252", errors="replace") for character in broken
    }
    return characters.translate(table).encode(), count
