"""How log lines look: text for people, JSON for collectors. Only the command line sets this; a host app has its own."""

import json
import logging
from datetime import UTC, datetime
from typing import Literal

FIELDS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(log_format: Literal["text", "json"], level: str) -> None:
    """Send everything of this level and above to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`, in the order it was given."""
    return {name: value for name, value in vars(record).items() if name not in FIELDS_OF_EVERY_RECORD}


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    """Without line ends and other controls: what comes from outside must not look like a line of ours."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class TextLines(logging.Formatter):
    """`2026-01-31T12:00:00.000Z info run started run=5f… task=eda_overview active=3`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        line = _one_line(f"{record.levelname.lower()} {record.getMessage()}{fields}")
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{_moment(record)} {line}" + trace.replace("\n", "\n    ")


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, then the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
