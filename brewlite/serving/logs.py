"""Log lines for machines."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import msgspec

ACCESS = ("client", "method", "path", "http", "status")
"""What uvicorn's access log passes as arguments, in its order."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: when, how grave, who, what; and of a request its method, path and status."""

    def format(self, record: logging.LogRecord) -> str:
        """``record`` as JSON."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.name == "uvicorn.access" and isinstance(record.args, tuple) and len(record.args) == len(ACCESS):
            line |= dict(zip(ACCESS, record.args, strict=True))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()
