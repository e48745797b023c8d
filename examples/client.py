"""A program beside a server: uploads a table, follows two runs, and takes their results and a report with it."""

import asyncio
import sys
from pathlib import Path

from analyzer import AnalyzerClient


async def main(url: str, path: str, report: str) -> None:
    async with AnalyzerClient(url, session_id="client-example") as client:
        dataset = await client.add_dataset(path, sent=lambda sent, size: print(f"sent {sent} of {size} bytes"))
        task_ids = ("eda_statistical_summary", "eda_data_quality")
        runs = [await client.submit(dataset.id, task_id) for task_id in task_ids]
        for run in runs:
            # Whatever happens to the connection, or to the server, each event comes once and the final one last.
            async for event in client.events(run.id):
                print(run.task_id, event.type, event.data.get("section", ""))
        summary, quality = [await client.result(run.id) for run in runs]
        print("mean of the first number:", next(c["mean"] for c in summary["columns"] if "mean" in c))
        print("quality:", quality["overall"])
        page = await client.handouts.report(runs[0].id)
        await asyncio.to_thread(Path(report).write_bytes, page)


asyncio.run(main(*sys.argv[1:4]))
