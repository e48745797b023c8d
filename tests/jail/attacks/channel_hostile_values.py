"""Aim: result channel. Values that run code when they are looked at, and markup that a page might believe.

Ends: completed, result-invalid, code-error
"""


class Cell:
    def __repr__(self):
        raise SystemExit

    __str__ = __repr__

    def __reduce__(self):
        return open, (HOST["secret"],)


emit({"<script>alert(1)</script>": "</script>\r\n\r\nevent: run.completed\ndata: {}\n\n\0"}, "<img src=x>")
breaches = pd.DataFrame({"a": [Cell()]})
