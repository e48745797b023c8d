"""What can be wrong with an uploaded file."""

from analyzer.errors.base import AnalyzerError


class UploadTooLarge(AnalyzerError):
    """The file is larger than this server takes (`ANALYZER_MAX_UPLOAD_BYTES`)."""

    code, status, title = "upload-too-large", 413, "The file is too large"


class UploadTooSlow(AnalyzerError):
    """Less than 8 KiB arrived within 30 seconds, so the upload was given up and nothing of it was kept."""

    code, status, title = "upload-too-slow", 408, "The upload came to a halt"


class EmptyDataset(AnalyzerError):
    """The file has no bytes, or only blank lines: there is no table in it."""

    code, status, title = "empty-dataset", 422, "The file is empty"


class UnsupportedFormat(AnalyzerError):
    """The content is not a table in a format this server reads. The name of a file decides nothing, its bytes do."""

    code, status, title = "unsupported-format", 415, "This format is not supported"


class ParseError(AnalyzerError):
    """The file was recognised but could not be read to its end. `where` names the place."""

    code, status, title = "parse-error", 422, "The file could not be read"


class TooWide(AnalyzerError):
    """The table has more columns than this server takes."""

    code, status, title = "too-wide", 422, "The table has too many columns"


class LineTooLong(AnalyzerError):
    """One line of the file is longer than any sensible row."""

    code, status, title = "line-too-long", 422, "A line is too long"


class InvalidJson(AnalyzerError):
    """The file is JSON by its name or its first character, but not valid by RFC 8259. `where` gives the byte offset."""

    code, status, title = "invalid-json", 422, "The JSON is not valid"


class NotATable(AnalyzerError):
    """The JSON is valid but holds no table: a list of objects, a list of lists, or an object of equally long lists."""

    code, status, title = "not-a-table", 422, "There is no table in this document"


class DecompressionLimit(AnalyzerError):
    """The file is small, but what it becomes is out of all proportion, or more than the memory that reading may use."""

    code, status, title = "decompression-limit", 422, "The file decompresses to too much"


class EncryptedDocument(AnalyzerError):
    """The file is protected by a password. Remove the password and upload it again."""

    code, status, title = "encrypted-document", 422, "The file is encrypted"


class UnsafeDocument(AnalyzerError):
    """The file contains something that no table needs and that harms who reads it, such as XML entities."""

    code, status, title = "unsafe-document", 422, "The file is not safe to read"


class ParserCrashed(AnalyzerError):
    """Reading this file killed the worker that read it. Nobody else was affected, and nothing of the file was kept."""

    code, status, title = "parser-crashed", 422, "Reading the file failed badly"


class StorageFull(AnalyzerError):
    """The disk is full. What was stored before is untouched, and nothing of this request was kept."""

    code, status, title = "storage-full", 507, "There is no room left to store this"
