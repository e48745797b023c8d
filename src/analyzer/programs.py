"""The code of a run: a recipe put together with where its tables come from, as a script or a notebook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """What gives the main figures of a run again, without this server but for the data."""

    title: str
    tables: Mapping[str, str]  # name of the DataFrame → URL or path of the table as Parquet
    recipe: str
    private: bool = False  # the tables are a session's: its id must go with the request

    def script(self) -> str:
        """As a Python file. It prints `result`."""
        return f"{_comment(self.title)}\n\n{self._loading()}\n\n{self.recipe.strip()}\n\n{PRINTING}\n"

    def notebook(self) -> str:
        """As a Jupyter notebook (nbformat 4.5) of three cells: the title, the tables, the figures."""
        cells = [
            {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {_one_line(self.title)}"},
            _code("tables", self._loading()),
            _code("figures", f"{self.recipe.strip()}\n\nresult"),
        ]
        python = {"display_name": "Python 3", "language": "python", "name": "python3"}
        book = {"cells": cells, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(book, indent=1)

    def _loading(self) -> str:
        lines = [
            "import pandas as pd",
            "",
            "# The tables as the server read them. A file saved from there does as well.",
        ]
        more = ""
        if self.private:
            lines[:2] = [
                "import os",
                "",
                "import pandas as pd",
                "",
                'SESSION = os.environ["ANALYZER_SESSION"]  # your own',
                "",
            ]
            more = ', storage_options={"X-Session-ID": SESSION}'
        return "\n".join([*lines, *(f"{name} = pd.read_parquet({at!r}{more})" for name, at in self.tables.items())])


PRINTING = """\
if __name__ == "__main__":
    from pprint import pprint

    pprint(result, sort_dicts=False)"""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _comment(title: str) -> str:
    return f"# {_one_line(title)}"


def _code(name: str, source: str) -> dict[str, object]:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}
