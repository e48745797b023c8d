"""Inside another aiohttp application: the whole API below /analysis/, opened and closed with the host app."""

import sys

from aiohttp import web

from analyzer import Settings, create_app


async def home(request: web.Request) -> web.Response:
    return web.Response(text="The host's own page. The analyses are at /analysis/api/tasks.")


def build() -> web.Application:
    app = web.Application()
    app.router.add_get("/", home)
    app.add_subapp("/analysis/", create_app(Settings()))
    return app


if __name__ == "__main__":
    web.run_app(build(), host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
