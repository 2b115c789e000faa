"""Invalid or ambiguous JSON."""

HOSTILE_JSON = {
    "nothing": b"",
    "a bracket": b"{",
    "text": b"test",
    "null": b"null",
    "a list": b"[1]",
    "a number": b"1",
    "another object": b'{"hello": "world"}',
    "not UTF-8": b'{"\xff\xfe": 1}',
    "UTF-16": '{"topic": 1}'.encode("utf-16"),
    "zeros": b"\0" * 64,
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "an integer of 5,000 digits": b'{"version": ' + b"9" * 5_000 + b"}",
    "a huge exponent": b'{"version": 1e999999999}',
    "NaN": b'{"version": NaN, "topic": Infinity}',
    "half a surrogate pair": b'{"topic": "\\ud800", "at": "\\udfff"}',
    "HTML": b"<html><body>It works!</body></html>",
}
