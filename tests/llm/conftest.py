"""Peers that speak the providers' protocols on this machine."""

import os
import tempfile
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import trustme

# gRPC reads whom to trust once, when its first channel is made.
AUTHORITY = trustme.CA()
_roots = tempfile.NamedTemporaryFile(suffix=".pem")  # noqa: SIM115 - for as long as the tests run
_roots.write(AUTHORITY.cert_pem.bytes())
_roots.flush()
os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = _roots.name

from tests.llm.peers import GeminiPeer, GooglePeer, OpenAIPeer, Peer  # noqa: E402

PEERS: dict[str, type[Peer]] = {"gemini": GeminiPeer, "google": GooglePeer, "openai": OpenAIPeer}


@pytest.fixture(scope="session")
def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate for localhost."""
    issued = AUTHORITY.issue_cert("localhost")
    return issued.private_key_pem.bytes(), b"".join(pem.bytes() for pem in issued.cert_chain_pems)


@pytest_asyncio.fixture(params=sorted(PEERS))
async def peer(request: pytest.FixtureRequest, certificate: tuple[bytes, bytes]) -> AsyncIterator[Peer]:
    """One peer of each protocol."""
    async with PEERS[request.param](certificate).open() as opened:
        yield opened
