"""The server's limits, and the client's side."""

from analyzer.errors.base import AnalyzerError


class Busy(AnalyzerError):
    """All places are taken and the queue is full. `Retry-After` says when there will probably be room."""

    code, status, title = "busy", 429, "Too much is waiting already"


class DoesNotFit(AnalyzerError):
    """The run would need more memory or time than it may use, so it is not begun. `needs` says how much, and `fits` how
    many of the columns, or of the rows, would do.
    """

    code, status, title = "does-not-fit", 422, "The run would not fit"


class ShuttingDown(AnalyzerError):
    """The server is being stopped and takes no new work."""

    code, status, title = "shutting-down", 503, "The server is shutting down"


class NotReady(AnalyzerError):
    """The server is starting and its workers are not warm yet."""

    code, status, title = "not-ready", 503, "The server is starting"


class DataFolderInUse(AnalyzerError):
    """Another server works in the same data folder. Give each its own with `ANALYZER_DATA_DIR`."""

    code, status, title = "data-folder-in-use", 503, "The data folder is in use"


class DataFolderTooNew(AnalyzerError):
    """A later version of this program has written the data folder. Install that one, or use another folder."""

    code, status, title = "data-folder-too-new", 503, "The data folder is of a later version"


class StreamLost(AnalyzerError):
    """The connection to an event stream broke again and again. The run itself may be well; ask for its state."""

    code, status, title = "stream-lost", 502, "The event stream could not be kept up"
