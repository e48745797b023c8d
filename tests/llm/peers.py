"""Servers that speak what models speak: they serve what a test has put into their script, and keep what they saw."""

import asyncio
import json
import warnings
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import grpc
from aiohttp import web

from analyzer import Settings
from analyzer.web.serving import Runner


class Then(StrEnum):
    """How a call ends."""

    END = "end"
    LENGTH = "length"
    REFUSE = "refuse"
    HANG = "hang"
    CUT = "cut"


HANG, CUT, END, REFUSE, LENGTH = Then.HANG, Then.CUT, Then.END, Then.REFUSE, Then.LENGTH


@dataclass(frozen=True)
class Act:
    """What a peer does with one call: it fails, or says these pieces and then ends one way or another."""

    pieces: Sequence[str] = ()
    then: Then = END
    fail: int | None = None  # as an HTTP status
    told: str = "no more"


@dataclass
class Seen:
    """What a peer saw of one call."""

    key: str
    system: str
    messages: list[tuple[str, str]]
    streaming: bool
    most_tokens: int
    said: asyncio.Event = field(default_factory=asyncio.Event)  # the first piece is out
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ended_at: float = 0.0

    def end(self) -> None:
        self.ended_at = asyncio.get_running_loop().time()
        self.ended.set()


@dataclass
class Peer:
    certificate: tuple[bytes, bytes]
    script: deque[Act] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    provider = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Peer"]:
        yield self

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **given: Any) -> Settings:
        usual: dict[str, Any] = {"llm": self.provider, "llm_model": "model-1", "llm_endpoint": self.endpoint}
        usual |= {"gemini_api_key": "a-secret-key", "openai_api_key": "a-secret-key"}
        return Settings(**(usual | given))


class HttpPeer(Peer):
    @asynccontextmanager
    async def open(self) -> AsyncIterator["Peer"]:
        app = web.Application()
        app.router.add_post("/{path:.*}", self.answer)
        runner = Runner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    async def act(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        self.seen.append(seen)
        act = self.script.popleft()
        try:
            if act.fail is not None:
                body = {"error": {"code": act.fail, "message": act.told, "status": "X"}}
                return web.json_response(body, status=act.fail, headers={"Retry-After": "0"})
            if not seen.streaming:
                return await self.whole(request, act)
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await answer.prepare(request)
            for piece in act.pieces:
                await answer.write(_event(self.piece(piece)))
                seen.said.set()
            if act.then == HANG:
                await asyncio.Event().wait()
            if act.then == CUT:
                assert request.transport
                request.transport.abort()
                return answer
            await answer.write(_event(self.last(act.then)) + self.closing)
            return answer
        finally:
            seen.end()

    async def whole(self, request: web.Request, act: Act) -> web.StreamResponse:
        if act.then == HANG:
            await asyncio.Event().wait()
        if act.then == CUT:
            assert request.transport
            request.transport.abort()
        return web.json_response(self.both("".join(act.pieces), act.then))

    closing = b""

    def piece(self, text: str) -> dict[str, Any]:
        raise NotImplementedError

    def last(self, then: Then) -> dict[str, Any]:
        raise NotImplementedError

    def both(self, text: str, then: Then) -> dict[str, Any]:
        raise NotImplementedError


def _event(document: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % json.dumps(document).encode()


class OpenAIPeer(HttpPeer):
    provider = "openai"
    closing = b"data: [DONE]\n\n"
    reasons: ClassVar = {END: "stop", LENGTH: "length", REFUSE: "content_filter"}
    usage: ClassVar = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.path == "/v1/chat/completions"
        body = await request.json()
        said = [(message["role"], message["content"]) for message in body["messages"]]
        assert said[0][0] == "system"
        assert body["model"] == "model-1"
        key = request.headers["Authorization"].removeprefix("Bearer ")
        seen = Seen(key, said[0][1], said[1:], body.get("stream", False), body["max_tokens"])
        return await self.act(request, seen)

    def piece(self, text: str) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}

    def last(self, then: Then) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {}, "finish_reason": self.reasons[then]}], "usage": self.usage}

    def both(self, text: str, then: Then) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        return {"choices": [{"index": 0, "message": message, "finish_reason": self.reasons[then]}], "usage": self.usage}


class GooglePeer(HttpPeer):
    provider = "google"
    reasons: ClassVar = {END: "STOP", LENGTH: "MAX_TOKENS", REFUSE: "SAFETY"}
    usage: ClassVar = {
        "promptTokenCount": 11,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 2,
        "totalTokenCount": 18,
    }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        place, _, method = request.path.rpartition(":")
        assert place in ("/v1/models/model-1", "/v1beta/models/model-1")
        if method == "countTokens":
            return web.json_response({"totalTokens": len(body["contents"])})
        said = [(_ROLES[content["role"]], _text(content)) for content in body["contents"]]
        seen = Seen(
            request.headers["x-goog-api-key"],
            _text(body["systemInstruction"]),
            said,
            method == "streamGenerateContent",
            body["generationConfig"]["maxOutputTokens"],
        )
        return await self.act(request, seen)

    def piece(self, text: str) -> dict[str, Any]:
        return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]}

    def last(self, then: Then) -> dict[str, Any]:
        return {"candidates": [{"finishReason": self.reasons[then]}], "usageMetadata": self.usage}

    def both(self, text: str, then: Then) -> dict[str, Any]:
        content = {"role": "model", "parts": [{"text": text}]}
        return {
            "candidates": [{"content": content, "finishReason": self.reasons[then]}],
            "usageMetadata": self.usage,
        }


_ROLES = {"user": "user", "model": "assistant"}


def _text(content: dict[str, Any]) -> str:
    return "".join(part["text"] for part in content["parts"])


class GeminiPeer(Peer):
    """GenerativeService over gRPC and TLS."""

    provider = "gemini"
    reasons: ClassVar = {END: 1, LENGTH: 2, REFUSE: 3}
    service = "google.ai.generativelanguage.v1beta.GenerativeService"
    codes: ClassVar = {
        400: grpc.StatusCode.INVALID_ARGUMENT,
        401: grpc.StatusCode.UNAUTHENTICATED,
        429: grpc.StatusCode.RESOURCE_EXHAUSTED,
        500: grpc.StatusCode.INTERNAL,
        503: grpc.StatusCode.UNAVAILABLE,
    }

    @property
    def endpoint(self) -> str:
        return f"localhost:{self.port}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Peer"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Python versions that will not be supported for ever
            from google.ai import generativelanguage_v1beta as messages

        self.messages: Any = messages
        asked, told = messages.GenerateContentRequest, messages.GenerateContentResponse
        encoding = {"request_deserializer": asked.deserialize, "response_serializer": told.serialize}
        count = messages.CountTokensRequest, messages.CountTokensResponse
        handlers = {
            "StreamGenerateContent": grpc.unary_stream_rpc_method_handler(self.stream, **encoding),
            "GenerateContent": grpc.unary_unary_rpc_method_handler(self.whole, **encoding),
            "CountTokens": grpc.unary_unary_rpc_method_handler(
                self.count, request_deserializer=count[0].deserialize, response_serializer=count[1].serialize
            ),
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.service, handlers),))
        self.port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([self.certificate]))
        await server.start()
        try:
            yield self
        finally:
            await server.stop(None)

    def see(self, request: Any, context: Any, *, streaming: bool) -> Seen:
        assert request.model == "models/model-1"
        said = [(_ROLES[content.role], content.parts[0].text) for content in request.contents]
        key = dict(context.invocation_metadata())["x-goog-api-key"]
        system = request.system_instruction.parts[0].text
        seen = Seen(key, system, said, streaming, request.generation_config.max_output_tokens)
        self.seen.append(seen)
        return seen

    async def stream(self, request: Any, context: Any) -> AsyncIterator[Any]:
        seen = self.see(request, context, streaming=True)
        act = self.script.popleft()
        try:
            if act.fail is not None:
                await context.abort(self.codes[act.fail], act.told)
            for piece in act.pieces:
                yield self.told(piece)
                seen.said.set()
            if act.then == HANG:
                await asyncio.Event().wait()
            if act.then == CUT:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            yield self.told("", act.then)
        finally:
            seen.end()

    async def whole(self, request: Any, context: Any) -> Any:
        seen = self.see(request, context, streaming=False)
        act = self.script.popleft()
        try:
            if act.fail is not None:
                await context.abort(self.codes[act.fail], act.told)
            if act.then == HANG:
                await asyncio.Event().wait()
            if act.then == CUT:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            return self.told("".join(act.pieces), act.then)
        finally:
            seen.end()

    async def count(self, request: Any, context: Any) -> Any:
        return self.messages.CountTokensResponse(total_tokens=len(request.contents))

    def told(self, text: str, then: Then | None = None) -> Any:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
        answer: dict[str, Any] = {"candidates": [candidate]}
        if then is not None:
            candidate["finish_reason"] = self.reasons[then]
            answer["usage_metadata"] = {
                "prompt_token_count": 11,
                "candidates_token_count": 5,
                "total_token_count": 18,
            }
        return self.messages.GenerateContentResponse(answer)
