"""The whole product as a library: no server, no guard around `main`, nothing left behind."""

import asyncio
import sys
import tempfile

from analyzer import Analyzer, Settings


async def main(path: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Analyzer(Settings(data_dir=folder)) as analyzer:
            dataset = await analyzer.add_dataset(path)
            run = await analyzer.submit(dataset.id, "eda_statistical_summary")
            async for event in analyzer.events(run.id):
                print(event.id, event.type, event.data.get("section", ""))
            result = await analyzer.result(run.id)
            for column in result["columns"]:
                print(column["name"], column["kind"], column["count"], column.get("mean"))


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "src/analyzer/samples/penguins.csv"))
