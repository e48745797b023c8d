"""Datasets: uploaded, listed, described, read and forgotten."""

import re
from typing import Annotated, Literal, get_args
from urllib.parse import quote

import pydantic
from aiohttp import web

from analyzer.errors import (
    Busy,
    Crashed,
    Expired,
    IdempotencyKeyReused,
    InvalidParameters,
    MalformedMultipart,
    MemoryLimit,
    NotFound,
    RequestTooLarge,
    RunTimeout,
    ShuttingDown,
    StorageFull,
    UnknownDataset,
)
from analyzer.fields import read_fields, reading_options
from analyzer.models import Comparison, Dataset, DatasetChange, ReadingOptions, RowsWanted
from analyzer.uploads import Upload
from analyzer.web.answers import encoded, json_answer, principal_of, read_body, read_query
from analyzer.web.files import sent_file
from analyzer.web.idempotency import REPLAYED, key_of, once
from analyzer.web.keys import ANALYZER
from analyzer.web.operations import NOT_MODIFIED, UPLOAD_ERRORS, Operation, Reply, describe
from analyzer.web.pages import PageQuery, page_answer
from analyzer.web.receive import receive_file
from analyzer.web.shapes import Datasets, Rows
from analyzer.web.tags import Tagged, tagged_answer

routes = web.RouteTableDef()

BINARY = "application/octet-stream"

COMPARISONS = get_args(Comparison)
FILTER = re.compile(rf"(?P<column>.+?):(?P<comparison>{'|'.join(COMPARISONS)})(?::(?P<value>.*))?", re.DOTALL)

Listed = Annotated[
    list[str] | None, pydantic.BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]
"""What may stand in a query once or several times."""

MADE = Reply(
    "The dataset.",
    Dataset,
    headers=("Location",),
    leads_to={
        name: {"file_id": "$response.body#/file_id"}
        for name in ("show_dataset", "show_rows", "download", "change_dataset", "read_again", "forget_dataset")
    },
)
FILE = {BINARY: {"type": "string", "format": "binary"}}
WORK_ERRORS = (Busy, ShuttingDown, RunTimeout, MemoryLimit, UnknownDataset, Expired)


class UploadQuery(ReadingOptions):
    """How the file is to be read, and what it is called where it is the body itself."""

    filename: str = pydantic.Field("upload", description="The file's name, where the file is the body itself.")


class RowsQuery(pydantic.BaseModel):
    """A page of rows as a query says it: `sort=-age`, `filter=name:contains:an`, each as often as wanted."""

    model_config = pydantic.ConfigDict(extra="forbid")

    offset: int = pydantic.Field(0, ge=0, description="How many rows to leave out.")
    limit: int = pydantic.Field(100, ge=1, le=10_000, description="How many rows at most.")
    columns: Listed = pydantic.Field(None, description="Which columns, in which order. All, unless said.")
    sort: Listed = pydantic.Field(None, description="A column to sort by; with `-` in front, descending.")
    filter: Listed = pydantic.Field(
        None, description=f"`column:comparison:value`; all must hold. Comparisons: {', '.join(COMPARISONS)}."
    )

    def wanted(self) -> RowsWanted:
        """The page in the service's words. Raises InvalidParameters for a filter that is not one."""
        sort = [{"column": name.removeprefix("-"), "descending": name.startswith("-")} for name in self.sort or ()]
        conditions = []
        for text in self.filter or ():
            # A column's name may hold colons, so the comparison is found from those there are.
            found = FILTER.fullmatch(text)
            if found is None:
                raise InvalidParameters(
                    f"The filter {text!r} is not column:comparison:value; comparisons: {', '.join(COMPARISONS)}.",
                    errors=[{"pointer": "/filter", "detail": f"{text!r} is no filter"}],
                )
            conditions.append(found.groupdict(default=""))
        values = {"offset": self.offset, "limit": self.limit, "columns": self.columns, "sort": sort}
        return read_fields(values | {"filter": conditions}, RowsWanted, "query")


class DownloadQuery(pydantic.BaseModel):
    """In which form a dataset is wanted."""

    model_config = pydantic.ConfigDict(extra="forbid")

    format: Literal["original", "csv", "parquet", "arrow", "bad-rows"] = pydantic.Field(
        "original", description="As it was uploaded, written as, or the rows that did not fit."
    )
    raw: bool = pydantic.Field(False, description="In CSV, leave text that a spreadsheet takes for a formula as it is.")


@routes.post("/api/upload", name="upload")
@describe(
    Operation(
        "datasets",
        {201: MADE},
        refuses=(*UPLOAD_ERRORS, MalformedMultipart, InvalidParameters, IdempotencyKeyReused, *WORK_ERRORS),
        query=UploadQuery,
        content={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": "The table."}},
                "additionalProperties": {"type": "string", "description": "Reading options, as in the query."},
            },
            BINARY: {"type": "string", "format": "binary", "examples": ["city,people\nBern,134794\nChur,39480\n"]},
        },
        heeds=("Session", "IdempotencyKey"),
    )
)
async def upload(request: web.Request) -> web.Response:
    """Store a table: a form with a part named `file`, or the file as the body and its name as `?filename=`."""
    analyzer, principal = request.app[ANALYZER], principal_of(request)
    has_key = key_of(request) is not None

    async def add(upload: Upload, filename: str, options: ReadingOptions) -> tuple[str, bool]:
        async def do() -> str:
            return (await analyzer.add_upload(upload, filename, options, principal)).id

        if has_key:
            await upload.complete()  # its hash is what tells whether this is the same file
        return await once(request, principal, lambda: (upload.sha256, filename, options.model_dump_json()), do)

    file_id, again = await receive_file(request, analyzer, add)
    return _made(request, await analyzer.dataset(file_id, principal), again=again)


def _made(request: web.Request, dataset: Dataset, *, again: bool = False) -> web.Response:
    location = str(request.app.router["dataset"].url_for(file_id=dataset.file_id))
    return json_answer(dataset, status=201, headers={"Location": location, **(REPLAYED if again else {})})


@routes.get("/api/datasets", name="datasets")
@describe(
    Operation(
        "datasets",
        {200: Reply("A page of them.", Datasets)},
        refuses=(InvalidParameters,),
        query=PageQuery,
        heeds=("Session",),
    )
)
async def list_datasets(request: web.Request) -> web.Response:
    """Your datasets, newest first."""
    page = read_query(request, PageQuery)
    found = await request.app[ANALYZER].datasets(page.limit + 1, page.after, principal_of(request))
    return page_answer(request, "datasets", page, found, lambda dataset: dataset)


@routes.get("/api/datasets/{file_id}", name="dataset")
@describe(
    Operation(
        "datasets",
        {
            200: Reply("The dataset.", Dataset, headers=("ETag",)),
            304: NOT_MODIFIED,
        },
        refuses=(UnknownDataset, Expired),
        heeds=("Session", "IfNoneMatch"),
    )
)
async def show_dataset(request: web.Request) -> web.Response:
    """One dataset: its columns, and what reading it did."""
    dataset = await request.app[ANALYZER].dataset(request.match_info["file_id"], principal_of(request))
    return tagged_answer(request, Tagged.of(encoded(dataset)))


@routes.patch("/api/datasets/{file_id}")
@describe(
    Operation(
        "datasets",
        {200: Reply("The dataset under its new name.", Dataset)},
        refuses=(UnknownDataset, Expired, InvalidParameters, RequestTooLarge, StorageFull),
        body=DatasetChange,
        heeds=("Session",),
    )
)
async def change_dataset(request: web.Request) -> web.Response:
    """Rename a dataset: `filename` is what people are shown."""
    change, file_id = await read_body(request, DatasetChange), request.match_info["file_id"]
    return json_answer(await request.app[ANALYZER].rename_dataset(file_id, change.filename, principal_of(request)))


@routes.delete("/api/datasets/{file_id}")
@describe(
    Operation("datasets", {204: Reply("It is forgotten.")}, refuses=(UnknownDataset, Expired), heeds=("Session",))
)
async def forget_dataset(request: web.Request) -> web.Response:
    """Forget a dataset. Runs under way on it still finish."""
    await request.app[ANALYZER].remove_dataset(request.match_info["file_id"], principal_of(request))
    return web.Response(status=204)


@routes.get("/api/datasets/{file_id}/rows")
@describe(
    Operation(
        "datasets",
        {200: Reply("The rows.", Rows)},
        refuses=(UnknownDataset, Expired, InvalidParameters, RunTimeout, Crashed, MemoryLimit),
        query=RowsQuery,
        heeds=("Session",),
    )
)
async def show_rows(request: web.Request) -> web.Response:
    """A page of rows, with exact cells."""
    query, file_id = read_query(request, RowsQuery), request.match_info["file_id"]
    return json_answer(await request.app[ANALYZER].rows(file_id, query.wanted(), principal_of(request)))


@routes.get("/api/datasets/{file_id}/download", name="download")
@describe(
    Operation(
        "datasets",
        {
            200: Reply("The file.", content=FILE, headers=("ETag",)),
            206: Reply("The part of it that was wanted.", content=FILE, headers=("ETag",)),
            304: NOT_MODIFIED,
            416: Reply("It has no such part."),
        },
        refuses=(
            *(UnknownDataset, Expired, NotFound, InvalidParameters),
            *(RunTimeout, StorageFull, Crashed, MemoryLimit),
        ),
        query=DownloadQuery,
        heeds=("Session", "IfNoneMatch", "Range"),
    )
)
async def download(request: web.Request) -> web.StreamResponse:
    """A dataset as a file: as it was uploaded, or as CSV, Parquet or Arrow. Takes ranges."""
    query, file_id = read_query(request, DownloadQuery), request.match_info["file_id"]
    analyzer, principal = request.app[ANALYZER], principal_of(request)
    async with analyzer.download(file_id, query.format, raw=query.raw, principal=principal) as file:
        # RFC 6266: the form of the name that any character fits into.
        disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return await sent_file(request, file.path, {"Content-Disposition": disposition, "Content-Type": BINARY})


@routes.post("/api/datasets/{file_id}/reparse")
@describe(
    Operation(
        "datasets",
        {201: MADE},
        refuses=(*UPLOAD_ERRORS, UnknownDataset, Expired, InvalidParameters, RequestTooLarge, *WORK_ERRORS),
        query=ReadingOptions,
        body=ReadingOptions,
        body_required=False,
        heeds=("Session",),
    )
)
async def read_again(request: web.Request) -> web.Response:
    """Read the same file with other options: another dataset, `derived_from` this one.

    The options stand in the query, as for an upload, or in the body, which goes before it.
    """
    options = reading_options(dict(request.query))
    if request.can_read_body:
        body = await read_body(request, ReadingOptions)
        options = options.model_copy(update={name: getattr(body, name) for name in body.model_fields_set})
    dataset = await request.app[ANALYZER].read_again(request.match_info["file_id"], options, principal_of(request))
    return _made(request, dataset)
