"""Files beside a result, over HTTP."""

import numpy as np
import pandas as pd
import pyarrow as pa

from analyzer.service import Analyzer
from tests.api import Api


async def test_a_wide_matrix_travels_as_an_arrow_file(api: Api, analyzer: Analyzer) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 61)), columns=[f"x{k}" for k in range(61)])
    file_id = await api.dataset(frame.to_csv(index=False).encode())
    run_id = await api.start(file_id, "eda_correlation")
    assert (await api.result(run_id))["attachment"] == "matrix.arrow"
    address = f"/api/run/{run_id}/matrix.arrow"
    answer = await api.get(address)
    assert answer.headers["Content-Type"] == "application/vnd.apache.arrow.file"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    matrix = pa.ipc.open_file(answer.body).read_all().to_pandas()
    found = matrix[matrix["(method)"] == "pearson"].drop(columns=["(method)", "(column)"])
    assert np.allclose(found, frame.corr(), rtol=1e-12, atol=1e-12)
    part = await api.get(address, headers={"Range": "bytes=0-5"})
    assert (part.status, part.body) == (206, b"ARROW1")
    same = await api.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status, same.body) == (304, b"")
    (await api.get(address.replace("matrix", "other"))).problem(404, "not-found")


async def test_attachments_belong_to_their_run_and_go_with_it(api: Api, analyzer: Analyzer) -> None:
    mine = Api(api.http, {"X-Session-ID": "mine"})
    head = ",".join(f"x{k}" for k in range(61))
    rows = "\n".join(",".join(str((row * 7 + k * row) % 11) for k in range(61)) for row in range(9))
    file_id = await mine.dataset(f"{head}\n{rows}\n".encode())
    run_id = await mine.start(file_id, "eda_correlation", methods=["pearson"])
    await mine.result(run_id)
    address = f"/api/run/{run_id}/matrix.arrow"
    assert (await mine.get(address)).status == 200
    (await api.get(address)).problem(404, "unknown-run")
