"""Which encoding a text is in, told by its bytes alone."""

import unicodedata

import pytest

from analyzer.ingest.encoding import detect_encoding
from tests.ingest.code_pages import CODE_PAGES, TABLES, UNICODE, encoded, table
from tests.ingest.conftest import Read

PAGES = [(language, page) for language, pages in CODE_PAGES.items() for page in pages]


@pytest.mark.parametrize("times", [1, 20, 300])
@pytest.mark.parametrize(("language", "page"), PAGES)
def test_a_code_page_is_told_by_its_letters(language: str, page: str, times: int) -> None:
    text = table(language, times)
    content = encoded(text, page)
    found = detect_encoding(content)
    assert unicodedata.normalize("NFC", content.decode(found.name)) == text
    assert found.confidence < 1


@pytest.mark.parametrize("times", [1, 20, 300])
@pytest.mark.parametrize("name", UNICODE)
@pytest.mark.parametrize("language", TABLES)
def test_wide_characters_are_told_with_a_mark_and_without(language: str, name: str, times: int) -> None:
    text = table(language, times)
    found = detect_encoding(text.encode(name))
    assert text.encode(name).decode(found.name) == text
    marked = ("\ufeff" + text).encode(name)
    found = detect_encoding(marked)
    assert marked[found.mark_bytes :].decode(found.name) == text
    assert found.confidence == 1


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "iso2022_jp"])
def test_few_characters_are_enough(read: Read, name: str) -> None:
    table_, report = read("名前,年齢\n太郎,二十\n花子,三十\n".encode(name))
    assert table_.to_pydict() == {"名前": ["太郎", "花子"], "年齢": ["二十", "三十"]}
    assert f"The encoding {name} is a guess; set `encoding` if letters are wrong." in report.warnings


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("品名,価格\n" + "牛肉,千円\n野菜,百円\n" * 40, "euc_jp"),
        ("产品,价格\n" + "牛肉,一千\n蔬菜,一百\n" * 40, "gb18030"),
        ("Ayşe,İstanbul\nÇağrı,Eskişehir\n" * 20, "cp1254"),
    ],
)
def test_what_two_languages_could_have_written_is_told_by_usual_characters(text: str, page: str) -> None:
    assert text.encode(page).decode(detect_encoding(text.encode(page)).name) == text


@pytest.mark.parametrize("text", ["a,b\n1,\0\0\n\0\0", "a,b\n\0\0\0\0\n1,2\n", "\n\0", "a\n\0b\n"])
def test_zeros_in_a_text_of_single_bytes_make_no_other_encoding(text: str) -> None:
    assert detect_encoding(text.encode()).name == "utf-8"


def test_an_escape_alone_is_no_japanese() -> None:
    assert detect_encoding(b"a,b\n\x1b[31mred\x1b[0m,1\n").name == "utf-8"
