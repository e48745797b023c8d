"""How a run can fail."""

from analyzer.errors.base import AnalyzerError


class RunTimeout(AnalyzerError):
    """The run, or reading a file, took longer than it may (`ANALYZER_TASK_TIMEOUT_SECONDS`) and was stopped."""

    code, status, title = "timeout", 504, "It took too long"


class MemoryLimit(AnalyzerError):
    """The work needed more memory than it may use (`ANALYZER_TASK_MEMORY_BYTES`) and was stopped."""

    code, status, title = "memory-limit", 507, "The work needed too much memory"


class ResultTooLarge(AnalyzerError):
    """The result is larger than this server keeps. Fewer columns make a smaller one."""

    code, status, title = "result-too-large", 507, "The result is too large"


class Crashed(AnalyzerError):
    """The worker died under this run, again and again, and nobody asked it to."""

    code, status, title = "crashed", 500, "The worker died"


class Interrupted(AnalyzerError):
    """The server stopped while this was under way. Start it again."""

    code, status, title = "interrupted", 503, "The server stopped during the run"
