"""Stands for uv and pip: notes how it was called, and unpacks the wheels that the file of requirements names."""

import os
import sys
import zipfile
from pathlib import Path

tool = Path(sys.argv[0]).name
arguments = sys.argv[1:]
if arguments[-1:] == ["--version"]:
    print(f"{tool} 1.0")
    sys.exit(0)
with open(os.environ["TOOLS_LOG"], "a") as log:
    log.write(" ".join([tool, *arguments]) + "\n")

index = os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_INDEX_URL")
if index:
    print(f"Looking in indexes: {index}")

if arguments[0] == "export":
    Path(arguments[arguments.index("--output-file") + 1]).write_text("locked==1\n")
    sys.exit(0)

target = Path(arguments[arguments.index("--target") + 1])
listed = Path(arguments[arguments.index("-r") + 1])
wheels = Path(os.environ["WHEELS"])
target.mkdir(parents=True, exist_ok=True)
for line in listed.read_text().splitlines():
    line = line.split("#")[0].split(" --hash")[0].strip()
    if not line or line.startswith("-"):
        continue
    name, _, version = line.partition("==")
    found = sorted(wheels.glob(f"{name}-{version or '*'}-*.whl"))
    if not found:
        if tool == "uv":
            print(f"  cause: Because {line} has no usable wheels and you require {line}, we can conclude", file=sys.stderr)
        else:
            print("ERROR: Could not find a version", file=sys.stderr)
            print(f"ERROR: No matching distribution found for {line}", file=sys.stderr)
        sys.exit(1)
    print(f"Installing {found[-1].name}")
    with zipfile.ZipFile(found[-1]) as wheel:
        wheel.extractall(target)
    # What each leaves in its own way.
    info = next(target.glob(f"{name}-*.dist-info"))
    (info / "INSTALLER").write_text(tool)
    record = info / "RECORD"
    record.write_text(record.read_text() + f"{info.name}/INSTALLER,sha256={tool},{len(tool)}\nbin/{name},sha256={tool},1\n")
    (target / "bin").mkdir(exist_ok=True)
    (target / "bin" / name).write_text(f"#!{sys.executable} of {tool}\n")
