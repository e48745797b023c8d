"""The aiohttp application: routes, middleware, and the analyzer that opens and closes with it."""

from collections.abc import AsyncIterator

from aiohttp import web

from analyzer.service import Analyzer
from analyzer.settings import MIB, Settings
from analyzer.web.keys import ANALYZER, RESOURCES, UNCHANGING
from analyzer.web.middleware import ANY, Border
from analyzer.web.origins import Origins
from analyzer.web.routes import datasets, events, handouts, health, index, problems, reference, runs, static, tasks
from analyzer.web.tags import Unchanging

ROUTES = tuple(
    resource.routes
    for resource in (index, datasets, runs, events, handouts, tasks, health, problems, reference, static)
)

MAX_BODY_BYTES = MIB  # of a request that is no upload; uploads are streamed and have their own limit


def create_app(settings: Settings | None = None) -> web.Application:
    """The product as an application, to be served or mounted with `add_subapp`.

    It answers for every host unless `settings.allowed_hosts` is set: a host app checks for itself.
    """
    analyzer = Analyzer(settings)
    settings = analyzer.settings
    border = Border(settings.allowed_hosts or (ANY,), Origins(settings.cors_origins))
    app = web.Application(middlewares=[border.receive], client_max_size=MAX_BODY_BYTES)
    app[ANALYZER] = analyzer
    app[RESOURCES] = ROUTES
    app[UNCHANGING] = Unchanging()
    for routes in ROUTES:
        app.add_routes(routes)
    app.cleanup_ctx.append(_open_analyzer)
    app.on_shutdown.append(_drain)
    app.on_response_prepare.append(border.send)
    return app


async def _open_analyzer(app: web.Application) -> AsyncIterator[None]:
    analyzer = app[ANALYZER]
    # Where we were mounted is known only now; links in events need it.
    analyzer.public_prefix = str(app.router["health"].url_for()).removesuffix("/health")
    async with analyzer:
        yield


async def _drain(app: web.Application) -> None:
    app[ANALYZER].drain()
