"""RFC 8259, rule by rule: the documents that parsers are known to get wrong.

Every document of the two public suites stands here: the `y_` and `n_` cases of JSONTestSuite (nst), with those of its
`i_` cases that the RFC decides, and the `pass` and `fail` cases of JSON_checker (json.org) as far as the RFC agrees: by
it a document may be any value, and how deep values are nested is for the reader to bound.
"""

import io

import pytest

from analyzer.errors import EmptyDataset, InvalidJson
from analyzer.ingest.json_text import JsonText
from analyzer.ingest.limits import DEFAULT_LIMITS
from tests.ingest.conftest import Read

VALID = rb"""[[]   ] | [""] | [] | ["a"] | [false] | [null, 1, "1", {}] | [1,null,null,null,2] | [123e65]
[0e+1] | [0e1] | [ 4] | [-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]
[20e1] | [-0] | [-123] | [1E22] | [1E-2] | [1E+2] | [123.456e78] | [1e-2] | [1e+2] | [123.456789]
{"asd":"sdf", "dfg":"fgh"} | {"a":"b","a":"c"} | {} | {"":0} | {"foo\u0000bar": 42}
{ "min": -1.0e+28, "max": 1.0e+28 } | {"x":[{"id": "xx"}], "id": "xx"} | {"a":[]} | ["\u0060\u012a\u12AB"]
["\uD801\udc37"] | ["\ud83d\ude39\ud83d\udc8d"] | ["\"\\\/\b\f\n\r\t"] | ["\\u0000"] | ["\""]
["a/*b*/c/*d//e"] | ["\\a"] | ["\\n"] | ["\u0012"] | ["\uFFFF"] | ["\uDBFF\uDFFF"] | ["\u002c"] | ["\u0000"]
["\u0821"] | ["\uDBFF\uDFFE"] | ["\u200B"] | ["\uFDD0"] | ["\uFFFE"] | ["\u0022"] | ["\u0061\u30af\u30EA\u30b9"]
["new\u000Aline"] | "asd" | false | 42 | -0.1 | null | true | "" | ["asd "] | [1e400] | [-1e-400]
[null] | [2]  | [123e45] | [-1] | [123] | {"asd":"sdf"} | {"a":"b","a":"b"} | [true] | ["asd"] | [ "asd"] | " " | ["a"]
{"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430 \u0417\u0435\u043c\u043b\u0435\u043a\u043e\u043f\u0430" }
["new\u00A0line"] | ["\uD834\uDd1e"] | ["\u0123"] | ["\uA66D"] | ["\u005C"] | ["\uD83F\uDFFE"] | ["\u2064"]
[[[[[[[[[[[[[[[[[[["Not too deep"]]]]]]]]]]]]]]]]]]] | [[[[[[[[[[[[[[[[[[[["Deeper"]]]]]]]]]]]]]]]]]]]]
"A JSON payload may be any value."
[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999] | [1e-10000]
[-1e+9999] | [1.5e+9999] | [-123123e100000] | [123123e100000] | [123e-10000000] | [-123123123123123123123123123123]
{"\uDFAA":0} | ["\uDADA"] | ["\uD888\u1234"] | ["\uD800\n"] | ["\ud800abc"] | ["\uDd1e\uD834"] | ["\uDFAA"]
[100000000000000000000000000000000000001] | ["\ud800"] | ["\udc00\ud800x"] | ["\uDd1ea"]"""

MUCH_OF_EVERYTHING = rb"""[
    "a pattern of many kinds", {"object with 1 member":["array with 1 element"]}, {}, [], -42, true, false, null,
    {
        "integer": 1234567890, "real": -9876.543210, "e": 0.123456789e-12, "E": 1.234567890E+34, "":  23456789012E66,
        "zero": 0, "one": 1, "space": " ", "quote": "\"", "backslash": "\\", "controls": "\b\f\n\r\t",
        "slash": "/ & \/", "0123456789": "digit", "special": "`1~!@#$%^&*()_+-={':[,]}|;.</>?",
        "hex": "\u0123\u4567\u89AB\uCDEF\uabcd\uef4A", "array":[  ], "object":{  }, "comment": "// /* <!-- --",
        "# -- --> */": " ", " s p a c e d " :[1,2 , 3

,

4 , 5        ,          6           ,7        ],"compact":[1,2,3,4,5,6,7],
        "jsontext": "{\"object with 1 member\":[\"array with 1 element\"]}",
        "\/\\\"\uCAFE\uBABE\uAB98\uFCDE\ubcda\uef4A\b\f\n\r\t`1~!@#$%^&*()_+-=[]{}|;:',./<>?"
: "A key can be any string"
    },
    0.5 ,98.6
,
99.44
,

1066,
1e1,
0.1e1,
1e-1,
1e00,2e+00,2e-00
,"rosebud"]"""

VALID_RAW = (
    b' [] ', b'[1\n]', b'\t[1]\r\n', b'["\x7f"]', '["\uffff"]'.encode(), '["\U0010ffff"]'.encode(),
    '["\u2028"]'.encode(), '["\u2029"]'.encode(), '["é日本"]'.encode(), b"\xef\xbb\xbf{}", b"[" * 400 + b"]" * 400,
    b"[2] ", b'["a"]\n', b'{\n"a": "b"\n}', '["\U0001bfff"]'.encode(), '["π"]'.encode(), '["⍂㈴⍂"]'.encode(),
    '["€𝄞"]'.encode(), b'["a\x7fa"]', b'["\x7f"]\n',
    b"[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n",
    b'{\n    "outer": {\n        "The outermost value": "is an object",\n        "inner": "too"\n    }\n}\n',
    MUCH_OF_EVERYTHING,
)  # fmt: skip

INVALID = rb"""[1 true] | ["": 1] | [""], | [,1] | [1,,2] | ["x",,] | ["x"]] | ["",] | ["x" | [x | [3[4]]
[1:2] | [,] | [-] | [   , ""] | [1,] | [1,,] | [*] | ["" | [1, | [{} | [fals] | [nul] | [tru] | [++1234] | [+1]
[+Inf] | [-01] | [-1.0.] | [-2.] | [-NaN] | [.-1] | [.2e-3] | [0.1.2] | [0.3e+] | [0.3e] | [0.e1] | [0E+] | [0E]
[0e+] | [0e] | [1.0e+] | [1.0e-] | [1.0e] | [1 000.0] | [1eE2] | [2.e+3] | [2.e-3] | [2.e3] | [9.e+] | [Inf]
[NaN] | [1+2] | [0x1] | [0x42] | [Infinity] | [0e+-1] | [-123.123foo] | [-Infinity] | [-foo] | [- 1] | [-012]
[-.123] | [-1x] | [1ea] | [1.] | [.123] | [1.2a-3] | [012] | [1.8011670033376514H-308] | ["x", truth] | {[: "x"}
{"x", null} | {"x"::"b"} | {"a":"a" 123} | {key: 'value'} | {"a" b} | {:"b"} | {"a" "b"} | {"a": | {"a" | {1:1}
{9999E9999:1} | {null:null,null:null} | {"id":0,,,,,} | {'a':0} | {"id":0,} | {"a":"b"}/**/ | {"a":"b"}/**//
{"a":"b"}// | {"a":"b"}/ | {"a":"b",,"c":"d"} | {a: "b"} | {"a":"a | { "foo" : "bar", "a" } | {"a":"b"}#
["\uD800\"] | ["\uD800\u"] | ["\uD800\u1"] | ["\uD800\u1x"] | ["\\\"] | ["\x00"] | ["\"] | ["\u00A"]
["\uD834\uDd"] | ["\uD800\uD800\x"] | ["\a"] | ["\uqqqq"] | [\u0020"asd"] | [\n] | " | ['single quote'] | abc
["\ | "\UA66D" | ""x | <.> | [<null>] | [1]x | [1]] | ["asd] | [True] | 1] | {"x": true, | [][] | ] | [ | 2@
{}} | {"": | {"a":/*comment*/"b"} | {"a": true} "x" | [' | [, | [{ | ["a | ["a" | { | {] | {, | {[ | {"a | {'a'
["\{["\{["\{["\{ | * | {"a":"b"}#{} | [\u000A""] | [1 | [ false, nul | [ true, fals | [ false, tru
{"asd":"asd" | [1,2,] | ["\u 123"] | [1_0] | [1e+ 1] | ["\u+123"] | ["\u-123"] | nan | -Infinity | tru | nulll
[0 1] | [00] | {"a":1 "b":2} | [1]2 | [-00.0] | [-00e0] | [00.0] | [00e0] | ["\1"] | ["\012"] | ["Unclosed array"
{unquoted_key: "keys must be quoted"} | ["extra comma",] | ["double extra comma",,] | [   , "<-- missing value"]
["Comma after the close"], | ["Extra close"]] | {"Extra comma": true,} | {"Extra value": true} "misplaced quoted value"
{"Illegal expression": 1 + 2} | {"Illegal invocation": alert()} | {"leading zeroes": 013} | {"hex": 0x14}
["Illegal backslash escape: \x15"] | [\naked] | ["Illegal backslash escape: \017"] | {"Missing colon" null}
{"Double colon":: null} | {"Comma instead of colon", null} | ["Colon instead of comma": false] | ["Bad value", truth]
["tab\   character\   in\  string\  "] | {"Comma instead of closing brace": true, | ["mismatch"}"""

INVALID_RAW = (
    b"[a\xe5]", b"[\xff]", b'["\x0ba"\x0c]', b'["a",\n4\n,1,', b"123\x00", b"[123\xe5]", b"[1e1\xe5]",
    "[\uff11]".encode(), "{🇨🇭}".encode(), b'{"\xb9":"0",}', "[é]".encode(), b'["\\\x00"]', b'["\\\t"]',
    '["\\🌀"]'.encode(), b'["\\\xe5"]', b'["a\x00a"]', b'["new\nline"]', b'["\t"]', b"a\xe5", b"\xef\xbb{}", b"\xe5",
    b"[\x00]", "é".encode(), "[\u2060]".encode(), b"[\x0c]", b'["\xff"]', b'["\xe6\x97\xa5\xd1\x88\xfa"]',
    b'["\xc0\xaf"]', b'["\xed\xa0\x80"]', b'["\xf4\xbf\xbf\xbf"]', b'["\xfc\x83\xbf\xbf\xbf\xbf"]', b'["\x81"]',
    b'["\x1f"]', b'\xef\xbb\xbf\xef\xbb\xbf{}', b"[1]\x00", b"\x00[1]", b"[" * 100_000, b'[{"":' * 50_000, b"\xa0[]",
    "\u2028[]".encode(), b"[1,\n1\n,1", b"[0\xe5]\n", b"[1e\xe5]", b'["\\u\xe5"]', b'{[: "x"}\n', b"\xe9",
    b'[{"":' * 50_000 + b"\n",
    b'["\ttab\tcharacter\tin\tstring\t"]', b'["line\nbreak"]', b'["line\\\nbreak"]', b'["\xe0\xff"]',
    '["日ш"]'.encode("utf-16-le"), b"\xff\xfe[\x00\"\x00\xe9\x00\"\x00]\x00", b'\x00[\x00"\x00\xe9\x00"\x00]',
)  # fmt: skip


def cases(lines: bytes, raw: tuple[bytes, ...]) -> list[bytes]:
    return [case.strip(b" ") for line in lines.split(b"\n") for case in line.split(b" | ")] + list(raw)


def parse(content: bytes) -> object:
    text = JsonText(io.BytesIO(content), DEFAULT_LIMITS, DEFAULT_LIMITS.max_document_bytes)
    value = text.value()
    text.end()
    return value


@pytest.mark.parametrize("content", cases(VALID, VALID_RAW))
def test_what_the_grammar_allows_is_accepted(content: bytes) -> None:
    parse(content)


@pytest.mark.parametrize("content", cases(INVALID, INVALID_RAW))
def test_what_the_grammar_does_not_allow_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidJson) as caught:
        parse(content)
    assert 0 <= caught.value.more["where"]["offset"] <= len(content)


@pytest.mark.parametrize("content", cases(INVALID, INVALID_RAW))
def test_an_upload_of_it_is_refused(read: Read, content: bytes) -> None:
    with pytest.raises(InvalidJson):
        read(content, "t.json")


@pytest.mark.parametrize("content", [b"", b" ", b"\n\t\r ", b"\xef\xbb\xbf"])
def test_nothing_at_all_is_empty(read: Read, content: bytes) -> None:
    with pytest.raises(EmptyDataset):
        read(content, "t.json")
