"""Inside a FastAPI application: the analyzer as a library, its events passed on as they come."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from analyzer import Analyzer, AnalyzerError, Settings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with Analyzer(Settings()) as analyzer:
        app.state.analyzer = analyzer
        yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(AnalyzerError)
async def show_problem(request: Request, error: AnalyzerError) -> JSONResponse:
    return JSONResponse(error.problem(), status_code=error.status, media_type="application/problem+json")


@app.post("/tables")
async def add_table(request: Request, name: str) -> dict[str, Any]:
    analyzer: Analyzer = request.app.state.analyzer
    async with analyzer.receiving() as upload:
        async for chunk in request.stream():
            await upload.write(chunk)
        dataset = await analyzer.add_upload(upload, name)
    return {"id": dataset.id, "rows": dataset.rows}


@app.get("/tables/{file_id}/summary")
async def summarise(request: Request, file_id: str) -> StreamingResponse:
    analyzer: Analyzer = request.app.state.analyzer
    run = await analyzer.submit(file_id, "eda_statistical_summary")

    async def lines() -> AsyncIterator[str]:
        async for event in analyzer.events(run.id):
            yield json.dumps({"type": event.type, "section": event.data.get("section")}) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
