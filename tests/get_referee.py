"""Builds the referee: the official converter in an environment of its own, for it pins an old TensorFlow.

It holds `pytrain[tensorflowjs]` as a user would install it, about 3 GB, under .referee/. Where the converter
cannot be installed, this says why and ends well; the tests that need it then say so too.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / ".referee"
STAMP = FOLDER / "installed"
PYTHON = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

VERSIONS = ((3, 11), (3, 12))
"""Python versions that tensorflow-decision-forests, which the converter imports, is built for."""


def present() -> bool:
    return STAMP.is_file() and PYTHON.is_file()


def why_not() -> str:
    """Why there is no referee, as a skipped test says it."""
    if sys.platform == "win32":
        return "the official converter cannot be installed on Windows"
    if suitable_python() is None:
        return "the official converter needs Python 3.11 or 3.12"
    return "the official converter is not installed here; run: make referee"


def suitable_python() -> str | None:
    if sys.version_info[:2] in VERSIONS:
        return sys.executable
    names = (f"python{major}.{minor}" for major, minor in reversed(VERSIONS))
    return next((found for name in names if (found := shutil.which(name))), None)


def pins() -> str:
    """What the environment depends on: a change in it builds the referee anew."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [project["dependencies"], project["optional-dependencies"]["tensorflowjs"]]
    return hashlib.sha256(repr(wanted).encode()).hexdigest()


def main() -> int:
    python = suitable_python()
    if sys.platform == "win32" or python is None:
        print(f"No referee: {why_not()}.")
        return 0
    if present() and STAMP.read_text(encoding="utf-8") == pins():
        return 0
    print("Installing the official converter as a referee, about 3 GB ...", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    # The parent's environment must not lead pip into the environment that runs this.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    target = f"{CHECKOUT}[tensorflowjs]"
    subprocess.run([python, "-m", "venv", str(FOLDER)], check=True, env=environment)
    subprocess.run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--no-compile", "--editable", target],
        check=True,
        env=environment,
    )
    subprocess.run([PYTHON, "-c", "import tensorflowjs"], check=True, env=environment, capture_output=True)
    STAMP.write_text(pins(), encoding="utf-8")
    print(f"Referee: {PYTHON}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
