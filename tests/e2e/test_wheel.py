"""The built wheel in an empty environment: the page and the shipped models, without Node.js."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest
from live import CHECKOUT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(out),
        str(CHECKOUT),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_carries_the_page_and_the_model_and_nothing_that_develops(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "pytrain/_page/index.html" in names
    assert "pytrain/_page/engine-wasm.js" in names
    for model in ("four-shapes", "shape-masks"):
        assert f"pytrain/_exported_models/{model}/model.json" in names
    assert "pytrain/py.typed" in names
    assert {name.split("/")[0] for name in names} == {
        "pytrain",
        next(n for n in names if "dist-info" in n).split("/")[0],
    }


def test_an_installed_wheel_serves_the_page_and_the_model(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    # To compile all of TensorFlow, which the server does not import, takes longer than all else here.
    options = ["--quiet", "--no-compile", "--disable-pip-version-check"]
    install = [scripts / "python", "-m", "pip", "install", *options, wheel]
    done = subprocess.run(install, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    without_node = {**os.environ, "PATH": str(scripts)}
    empty = tmp_path / "empty"
    empty.mkdir()
    with subprocess.Popen(
        [scripts / "pytrain", "serve", "--port", "0"],
        cwd=empty,
        env=without_node,
        stdout=subprocess.PIPE,
        text=True,
    ) as served:
        assert served.stdout is not None
        try:
            address = re.search(r"http://\S+/", served.stdout.readline())
            assert address is not None
            with urlopen(address[0], timeout=10) as answer:
                assert b"pytrain" in answer.read()
            with urlopen(address[0] + "models.json", timeout=10) as answer:
                told = answer.read()
                assert all(name in told for name in (b'"four-shapes"', b'"shape-masks"'))
            with urlopen(address[0] + "models/four-shapes/model.json", timeout=10) as answer:
                assert b"weightsManifest" in answer.read()
        finally:
            served.terminate()
