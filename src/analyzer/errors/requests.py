"""What can be wrong with a request, and with what it asks for."""

from analyzer.errors.base import AnalyzerError


class NotFound(AnalyzerError):
    """No such path. The paths this server answers are listed in the API reference."""

    code, status, title = "not-found", 404, "There is nothing at this address"


class MethodNotAllowed(AnalyzerError):
    """The path exists, but not with this method. The `Allow` header lists the ones it has."""

    code, status, title = "method-not-allowed", 405, "This address does not take that method"


class MalformedRequest(AnalyzerError):
    """The request could not be understood: its body is not valid JSON, or not of the documented shape."""

    code, status, title = "malformed-request", 400, "The request could not be read"


class MalformedMultipart(MalformedRequest):
    """The multipart body is broken, nested, has too many parts, or has no part named `file`."""

    code, title = "malformed-multipart", "The form could not be read"


class RequestTooLarge(AnalyzerError):
    """The body of a request that is no upload is larger than such requests need to be."""

    code, status, title = "request-too-large", 413, "The request is too large"


class InvalidParameters(AnalyzerError):
    """A field is missing, unknown or out of range. `errors` lists each with a JSON pointer and what was wrong."""

    code, status, title = "invalid-parameters", 422, "A parameter is not valid"


class IdempotencyKeyReused(AnalyzerError):
    """This `Idempotency-Key` came with another request before. Choose a new one for each thing you want done once."""

    code, status, title = "idempotency-key-reused", 422, "This key belongs to another request"


class HostNotAllowed(AnalyzerError):
    """The `Host` header names a host this server does not answer for. Set `ANALYZER_ALLOWED_HOSTS` to add one."""

    code, status, title = "host-not-allowed", 421, "This server does not answer for that host"


class CrossSite(AnalyzerError):
    """A page of another site tried to change something here. `ANALYZER_CORS_ORIGINS` lists the sites that may."""

    code, status, title = "cross-site", 403, "Cross-site requests may not change anything"


class UnknownDataset(AnalyzerError):
    """There is no dataset with this id, or it belongs to somebody else."""

    code, status, title = "unknown-dataset", 404, "There is no such dataset"


class UnknownTask(AnalyzerError):
    """The catalogue has no analysis of this name. `GET /api/tasks` lists what it has."""

    code, status, title = "unknown-task", 404, "There is no such analysis"


class UnknownRun(AnalyzerError):
    """There is no run with this id, or it belongs to somebody else."""

    code, status, title = "unknown-run", 404, "There is no such run"


class Expired(AnalyzerError):
    """It was here, and its time was up: datasets and results are kept for `ANALYZER_TTL_SECONDS`."""

    code, status, title = "expired", 410, "This has expired"


class NotFinished(AnalyzerError):
    """The run has no result yet. Its event stream tells when it has."""

    code, status, title = "not-finished", 409, "The run has not finished"


class NotInstalled(AnalyzerError):
    """This server was installed without what this needs. Its operator can add the extra that the message names."""

    code, status, title = "not-installed", 501, "Not installed here"


class NoCode(AnalyzerError):
    """This analysis is not a few lines of pandas, so there is no code to show for it."""

    code, status, title = "no-code", 404, "There is no code for this"


class NoResult(AnalyzerError):
    """The run ended without a result: it failed, was cancelled or was interrupted. Its state says which."""

    code, status, title = "no-result", 409, "The run has no result"
