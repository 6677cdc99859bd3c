"""The server's answers: pages, bundles, errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pytrain import resources
from pytrain.serve import create_app


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "sketches").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the page</title>", encoding="utf-8")
    (folder / "sketches" / "index.html").write_text("<title>sketches</title>", encoding="utf-8")
    (folder / "pytrain.js").write_text("", encoding="utf-8")
    (folder / ".secret").write_text("no", encoding="utf-8")
    return folder


@pytest.fixture
def client(small_bundle: Path, page: Path) -> FlaskClient:
    app = create_app([small_bundle.parent], page)
    app.testing = True
    app.test_client_class = Reader
    return app.test_client()


class Reader(FlaskClient):
    """Reads each answer to its end, so that the file behind it is closed."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        return super().open(*arguments, **options, buffered=True)


def test_the_page_and_its_folders_are_served(client: FlaskClient) -> None:
    assert b"the page" in client.get("/").data
    assert b"sketches" in client.get("/sketches/").data
    assert client.get("/pytrain.js").mimetype == "text/javascript"


def test_a_folder_without_its_slash_leads_to_the_one_with_it(client: FlaskClient) -> None:
    answer = client.get("/sketches")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "sketches/"


def test_nothing_is_loaded_from_elsewhere(client: FlaskClient) -> None:
    assert "default-src 'self'" in client.get("/").headers["Content-Security-Policy"]


def test_what_was_trained_in_a_checkout_does_not_come_with_pytrain(
    small_bundle: Path, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("four-shapes", "a-demo"):
        shutil.copytree(small_bundle, tmp_path / "checkout" / "exported_models" / name)
    monkeypatch.setattr(resources, "CHECKOUT", tmp_path / "checkout")
    monkeypatch.chdir(small_bundle.parents[1])
    app = create_app(page=page)
    app.test_client_class = Reader
    client = app.test_client()
    assert [model["name"] for model in client.get("/models.json").json["models"]] == ["four-shapes", "small"]
    assert client.get("/models/four-shapes/metadata.json").status_code == 200
    assert client.get("/models/a-demo/metadata.json").status_code == 404


def test_models_are_listed_with_what_the_page_shows(client: FlaskClient, small_bundle: Path) -> None:
    (small_bundle.parent / "broken").mkdir()
    answer = client.get("/models.json").json
    assert answer is not None
    (model,) = answer["models"]
    assert model["name"] == "small"
    assert model["labels"] == ["circle", "square", "star", "triangle"]
    assert client.get("/" + model["url"] + "model.json").status_code == 200
    assert client.get(model["thumbnail"]).mimetype == "image/png"
    assert [problem["name"] for problem in answer["problems"]] == ["broken"]
    assert_error(answer["problems"][0])


def test_bundles_may_be_read_by_any_page_and_shards_are_kept(client: FlaskClient, small_bundle: Path) -> None:
    shard = next(small_bundle.glob("weights-*.bin"))
    answer = client.get(f"/models/small/{shard.name}")
    assert answer.data == shard.read_bytes()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "immutable" in answer.headers["Cache-Control"]
    topology = client.get("/models/small/model.json")
    assert topology.headers["Cache-Control"] == "no-cache"
    again = client.get("/models/small/model.json", headers={"If-None-Match": topology.headers["ETag"]})
    assert again.status_code == 304


def test_pages_may_not_be_read_by_other_origins(client: FlaskClient) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/").headers
    assert "Access-Control-Allow-Origin" not in client.get("/models.json").headers


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/.secret",
        "/models/none/model.json",
        "/models/small/none.json",
        "/models/small/../../page/index.html",
        "/models/..%2fpage/index.html",
        "/models/.small.new-1/model.json",
        "/..%2fpyproject.toml",
        "/..%2f..%2f",
        "/..%2f..",
        "/models/small%5C..%5Csmall/model.json",
        "/models/C:%5CUsers/model.json",
        "/models/C:/model.json",
        "/models/small/C:%5Cboot.ini",
        "/" + 300 * "a",
    ],
)
def test_what_is_not_there_gives_one_error_shape(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json is not None
    assert_error(answer.json)


def assert_error(body: dict[str, Any]) -> None:
    assert set(body["error"]) == {"what", "expected", "fix"}
    assert body["error"]["what"]
    assert body["error"]["fix"]


def test_the_server_starts_without_tensorflow() -> None:
    code = (
        "import sys, pytrain.cli, pytrain.serve; pytrain.create_app; "
        "sys.exit(sum(name in sys.modules for name in ('tensorflow', 'keras', 'sklearn', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
