"""What the scripted model says to a question it has no line for: rules that read a prompt as a model would.

It knows a few dozen English words. What it writes passes through everything that a real model's reply passes through.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TABLES = re.compile(r"<tables>\n(.*?)\n</tables>", re.DOTALL)
FINDINGS = re.compile(r"<result>\n(.*?)\n</result>", re.DOTALL)
WANTED = re.compile(r"^Wanted: (\w+)$", re.MULTILINE)
QUESTION = re.compile(r"^Question: (\".*\")$", re.MULTILINE)

STATISTICS = {
    "mean": ("mean", "average", "typical"),
    "median": ("median", "middle"),
    "sum": ("sum", "total", "altogether"),
    "max": ("maximum", "max", "highest", "largest", "heaviest", "longest", "biggest"),
    "min": ("minimum", "min", "lowest", "smallest", "lightest", "shortest"),
    "std": ("standard deviation", "deviation", "spread"),
}
FIGURES = {"mean": "mean", "median": "q50", "sum": "sum", "max": "max", "min": "min", "std": "std"}
COUNTING = ("how many", "number of", "count")
GROUPING = re.compile(r"\b(?:by|per|for each|for every|in each|of each)\s+(.+)$")


@dataclass(frozen=True)
class Question:
    """A question, and the columns of the first table that it speaks of."""

    text: str
    wanted: str
    columns: tuple[Mapping[str, Any], ...]

    def says(self, *words: str) -> bool:
        return any(re.search(rf"\b{re.escape(word)}", self.text) for word in words)

    def named(self, kind: str | None = None, text: str | None = None) -> list[str]:
        """The columns that are spoken of, the best match first."""
        found = [(_match(column["name"], text or self.text), column) for column in self.columns]
        found = [(share, column) for share, column in found if share and (kind is None or column["kind"] == kind)]
        return [column["name"] for _, column in sorted(found, key=lambda entry: -entry[0])]

    @property
    def group(self) -> str | None:
        spoken = GROUPING.search(self.text)
        named = self.named(text=spoken[1]) if spoken else []
        return named[0] if named else None

    @property
    def condition(self) -> tuple[str, str] | None:
        """A column and the value of it that is spoken of."""
        for column in self.columns:
            for value in column.get("values", ()):
                if re.search(rf"\b{re.escape(str(value).lower())}s?\b", self.text):
                    return column["name"], value
        return None

    @property
    def statistic(self) -> str | None:
        return next((name for name, words in STATISTICS.items() if self.says(*words)), None)


def reply(prompt: str) -> str | None:
    """What to say to this prompt; None when it is not one of ours."""
    question, wanted = QUESTION.search(prompt), WANTED.search(prompt)
    if question is None or wanted is None:
        return None
    if wanted[1] == "explanation":
        return _explanation(prompt)
    tables = TABLES.search(prompt)
    columns = json.loads(tables[1])["df"]["columns"] if tables else []
    asked = Question(json.loads(question[1]).lower(), wanted[1], tuple(columns))
    answers = {"answer": _answer, "chart": _chart, "table": _table, "plan": _plan}
    return answers[wanted[1]](asked)


def _match(name: str, text: str) -> float:
    """The share of a column's words that the text has; the unit at its end need not be said."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    said = sum(bool(re.search(rf"\b{re.escape(word)}", text)) for word in words)
    return said / len(words) if words and said >= max(1, len(words) - 1) else 0.0


def _answer(asked: Question) -> str:
    numeric, statistic = asked.named("numeric"), asked.statistic
    if asked.says("correlat", "relation") and len(numeric) > 1:
        first, second = numeric[:2]
        return _code(f"result = df[{first!r}].corr(df[{second!r}])", f"{first} and {second} correlate with {{value}}.")
    if statistic and numeric:
        return _statistic(asked, statistic, numeric[0])
    if asked.says(*COUNTING):
        if asked.group:
            return _code(f"result = df[{asked.group!r}].value_counts()", f"The rows by {asked.group}: {{value}}.")
        of = f" with {' = '.join(asked.condition)}" if asked.condition else ""
        return _code(f"result = len({_rows(asked)})", f"There are {{value}} rows{of}.")
    wanted = "Which column is meant, and which figure of it: mean, median, sum, minimum, maximum or count?"
    return _json({"unclear": wanted, "options": [column["name"] for column in asked.columns][:8]})


def _statistic(asked: Question, statistic: str, column: str) -> str:
    if asked.group:
        code = f"result = {_rows(asked)}.groupby({asked.group!r})[{column!r}].{statistic}()"
        return _code(code, f"The {statistic} of {column} by {asked.group}: {{value}}.")
    if asked.condition:
        where = " = ".join(asked.condition)
        code = f"result = {_rows(asked)}[{column!r}].{statistic}()"
        return _code(code, f"The {statistic} of {column} where {where} is {{value}}.")
    return _json(
        {
            "use": "eda_statistical_summary",
            "params": {"columns": [column]},
            "figure": ["columns", column, FIGURES[statistic]],
            "answer": f"The {statistic} of {column} is {{value}}.",
        }
    )


def _chart(asked: Question) -> str:
    numeric, group = asked.named("numeric"), asked.group or next(iter(asked.named("categorical")), None)
    mark, title = "bar", ""
    if len(numeric) > 1:
        mark, title = "point", f"{numeric[0]} and {numeric[1]}"
        frame = f"df[[{numeric[0]!r}, {numeric[1]!r}]].dropna()"
        x, y = _axis(numeric[0], "quantitative"), _axis(numeric[1], "quantitative")
    elif numeric and group:
        title = f"Mean {numeric[0]} by {group}"
        frame = f"df.groupby({group!r})[{numeric[0]!r}].mean().reset_index()"
        x, y = _axis(group, "nominal"), _axis(numeric[0], "quantitative")
    elif numeric:
        title = f"Distribution of {numeric[0]}"
        frame = f"df[[{numeric[0]!r}]].dropna()"
        x = {"field": numeric[0], "type": "quantitative", "bin": True}
        y = {"aggregate": "count", "type": "quantitative"}
    elif group:
        title = f"Rows by {group}"
        frame = f"df[{group!r}].value_counts().reset_index()"
        x, y = _axis(group, "nominal"), _axis("count", "quantitative")
    else:
        return _json({"unclear": "What should the chart show?", "options": [c["name"] for c in asked.columns][:8]})
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": title,
        "mark": mark,
        "encoding": {"x": x, "y": y},
    }
    code = f"spec = {spec!r}\nspec['data'] = {{'values': {frame}.to_dict('records')}}\nresult = spec"
    return _code(code, f"{title}.")


def _axis(field: str, kind: str) -> dict[str, Any]:
    return {"field": field, "type": kind}


def _table(asked: Question) -> str:
    if asked.says("missing", "complete", "drop", "clean"):
        return _code("result = df.dropna().reset_index(drop=True)", "{value} rows have no missing cell.")
    if asked.condition:
        column, value = asked.condition
        return _code(f"result = {_rows(asked)}.reset_index(drop=True)", f"{{value}} rows have {column} = {value}.")
    if asked.says("sort", "order") and (named := asked.named()):
        return _code(f"result = df.sort_values({named[0]!r})", f"{{value}} rows, sorted by {named[0]}.")
    return _json({"unclear": "Which rows or columns should the new table have?", "options": []})


def _plan(asked: Question) -> str:
    numbers = [column["name"] for column in asked.columns if column["kind"] == "numeric"]
    steps: list[dict[str, Any]] = [
        {"task_id": "eda_data_quality", "params": {}, "why": "Whether the table can be trusted comes first."},
        {"task_id": "eda_statistical_summary", "params": {}, "why": "What each column looks like."},
    ]
    if named := asked.named("numeric") or numbers[:1]:
        steps[1]["params"] = {"columns": named}
    return _json({"plan": steps})


def _explanation(prompt: str) -> str:
    found = FINDINGS.search(prompt)
    result = json.loads(found[1]) if found else {}
    lines = [f"This is the result of {result.get('task_id', 'a run')}."]
    for column in result.get("columns", ())[:8]:
        if isinstance(column, dict) and column.get("mean") is not None:
            lines.append(f"{column['name']} has a mean of {column['mean']:.4g} over {column['count']} values.")
        elif isinstance(column, dict) and column.get("distinct") is not None:
            lines.append(f"{column['name']} has {column['distinct']} different values.")
    if result.get("overall") is not None:
        lines.append(f"The overall score is {result['overall']}.")
    return " ".join(lines)


def _rows(asked: Question) -> str:
    if asked.condition is None:
        return "df"
    column, value = asked.condition
    return f"df[df[{column!r}] == {value!r}]"


def _code(code: str, answer: str) -> str:
    return f"I compute this with pandas.\n\n```python\n{code}\n```\n\nAnswer: {answer}"


def _json(document: dict[str, Any]) -> str:
    return f"```json\n{json.dumps(document, ensure_ascii=False)}\n```"
