"""How a run can fail."""

from analyzer.errors.base import AnalyzerError


class RunTimeout(AnalyzerError):
    """The run, or reading a file, took longer than it may (`ANALYZER_TASK_TIMEOUT_SECONDS`) and was stopped."""

    code, status, title = "timeout", 504, "It took too long"


class MemoryLimit(AnalyzerError):
    """The work needed more memory than it may use (`ANALYZER_TASK_MEMORY_BYTES`) and was stopped."""

    code, status, title = "memory-limit", 507, "The work needed too much memory"


class ResultTooLarge(AnalyzerError):
    """The result, or what it is made of, is larger than this server keeps (`ANALYZER_MAX_RESULT_BYTES`). Fewer
    columns make a smaller one.
    """

    code, status, title = "result-too-large", 507, "The result is too large"


class Crashed(AnalyzerError):
    """What did the work died and nobody asked it to: a worker, again and again, or the code of this run itself."""

    code, status, title = "crashed", 500, "The worker died"


class CodeError(AnalyzerError):
    """The code of this run raised an exception or is no Python. `line` says where, `traceback` how it came there.

    `hint` says what was probably meant, and `output` holds the last lines that were printed.
    """

    code, status, title = "code-error", 422, "The code failed"


class CpuLimit(AnalyzerError):
    """The run used more processor time than it may and was stopped: `ANALYZER_TASK_CPU_SECONDS`, all its parts
    together, or for code `ANALYZER_JAIL_CPU_SECONDS`.
    """

    code, status, title = "cpu-limit", 504, "It computed too long"


class OutputLimit(AnalyzerError):
    """The code printed more than it may and was stopped. Print less, or give it back as the result."""

    code, status, title = "output-limit", 507, "The code printed too much"


class ResultInvalid(AnalyzerError):
    """What the code gave back is nothing that a result can be: a number, a text, a dict, a table or a chart."""

    code, status, title = "result-invalid", 422, "The result cannot be told"


class SessionLost(AnalyzerError):
    """The session of code has ended and its variables are gone. Run again what made them: the next run begins anew."""

    code, status, title = "session-lost", 410, "The session is gone"


class JailUnavailable(AnalyzerError):
    """This server cannot run foreign code safely enough, so it does not. `analyzer doctor` on its machine says why."""

    code, status, title = "jail-unavailable", 503, "Foreign code cannot be run here"


class Interrupted(AnalyzerError):
    """The server stopped while this was under way. Start it again."""

    code, status, title = "interrupted", 503, "The server stopped during the run"
