"""Aim: files. Read the server's secret, the system's accounts, another dataset, by every spelling of the path.

Behind: pandas-ai CVE-2024-12366 and Vanna CVE-2024-5565, where generated code read what the server could read.
"""

import glob
import io
import os
import pathlib

import pyarrow.csv

for place in (HOST["secret"], "/etc/passwd", "/etc/shadow", "/root/.ssh/id_rsa", "/proc/self/environ", HOST["data"]):
    attempt(f"open {place}", lambda: open(place).read())
    attempt(f"open_code {place}", lambda: io.open_code(place).read())
    attempt(f"os.open {place}", lambda: os.read(os.open(place, os.O_RDONLY), 100))
    attempt(f"from a folder {place}", lambda: os.open(os.path.basename(place), os.O_RDONLY, dir_fd=os.open("/", 0)))
    attempt(f"pathlib {place}", lambda: pathlib.Path("/tmp/../", place.lstrip("/")).read_bytes())
    attempt(f"pandas {place}", lambda: pd.read_csv(place))
    attempt(f"pandas url {place}", lambda: pd.read_csv(f"file://{place}"))
    attempt(f"numpy {place}", lambda: np.fromfile(place, dtype="u1", count=1)[0])
    attempt(f"arrow {place}", lambda: pyarrow.csv.read_csv(place))
for folder in (
    "/etc",
    "/home",
    "/root",
    "/proc",
    "/sys",
    "/var",
    "/run",
    os.path.dirname(HOST["secret"]),
    HOST["data"],
):
    attempt(f"list {folder}", lambda: os.listdir(folder))
found = [path for pattern in ("/etc/*", "/home/*", HOST["data"] + "/**") for path in glob.glob(pattern, recursive=True)]
breaches += [path for path in found if path not in ("/etc/ld.so.cache", HOST["data"], HOST["data"] + "/")]
