"""A page for every error code, at the address that a problem's `type` names."""

import inspect

from aiohttp import web

from analyzer.errors import AnalyzerError, NotFound, error_classes, nearest, shown
from analyzer.web.html import HTML, POLICY, inline, page_of, paragraphs, wants_html
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.tags import Tagged, tagged_answer

routes = web.RouteTableDef()

VARY = {"Vary": "Accept"}


@routes.get("/problems/{code}", name="problem")
@describe(
    Operation(
        "pages",
        {
            200: Reply(
                "What the code means.",
                content={"text/plain": {"type": "string"}, "text/html": {"type": "string"}},
                headers=("ETag",),
            ),
            304: NOT_MODIFIED,
        },
        refuses=(NotFound,),
        heeds=("IfNoneMatch",),
    )
)
async def show_problem(request: web.Request) -> web.Response:
    """What an error code means: a page for browsers, text for everybody else."""
    code = request.match_info["code"]
    known = {cls.code: cls for cls in error_classes()}
    if code not in known:
        raise NotFound(f"There is no error code {shown(code)}. {nearest(code, known)}".rstrip())
    cls = known[code]
    if wants_html(request):
        page = page_of(request, f"{code} · analyzer", _page(cls))
        return tagged_answer(request, Tagged.of(page, HTML), POLICY | VARY)
    return tagged_answer(request, Tagged.of(_text(cls), "text/plain"), VARY)


def _text(cls: type[AnalyzerError]) -> bytes:
    return f"{cls.code} ({cls.status})\n{cls.title}\n\n{inspect.getdoc(cls)}\n".encode()


def _page(cls: type[AnalyzerError]) -> str:
    return f"""<main>
<p class="status">{cls.status}</p>
<h1>{inline(cls.title)}</h1>
<p><code>{cls.code}</code></p>
<div class="card">{paragraphs(inspect.getdoc(cls) or "")}</div>
<p class="soft">The answer that brought you here names the case in <code>detail</code>; <code>instance</code> is the
id under which the server's log has it.</p>
</main>"""
