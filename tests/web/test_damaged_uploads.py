"""Damaged uploads over HTTP: each is a dataset or a problem that names a place, and the server is as it was before.

`ANALYZER_TEST_MUTATIONS=500` damages every file 500 times; without it a few times are enough to notice a slip.
"""

import os
import random

import psutil
import pytest

from tests.api import Api
from tests.ingest.test_mutations import FILES, damaged

MUTATIONS = int(os.environ.get("ANALYZER_TEST_MUTATIONS", "12"))
FIRST_UPLOADS = 5  # after them everything that an upload imports or keeps is there
MOST_GROWTH_BYTES = 20 << 20


async def _restarts(api: Api) -> int:
    return int((await api.get("/api/run/status")).json["slots"]["restarts"])


@pytest.mark.timeout(60 + MUTATIONS)
@pytest.mark.parametrize("kind", FILES)
async def test_a_damaged_upload_leaves_the_server_as_it_was(api: Api, kind: str) -> None:
    chance, server = random.Random(f"upload {kind}"), psutil.Process()
    for _ in range(FIRST_UPLOADS):
        await api.upload(damaged(FILES[kind], chance), f"t.{kind}")
    restarts, memory = await _restarts(api), server.memory_info().rss
    placeless = []
    for _ in range(MUTATIONS):
        answer = await api.upload(damaged(FILES[kind], chance), f"t.{kind}")
        assert answer.status in {201, 413, 415, 422}, answer.body
        if answer.status != 201:
            problem = answer.problem(answer.status, answer.json["type"].removeprefix("/problems/"))
            if not problem.get("where"):
                placeless.append(problem)
    assert placeless == []
    assert await _restarts(api) == restarts
    assert server.memory_info().rss - memory < MOST_GROWTH_BYTES
