"""Putting labels right from a served report: what moves, what never does, and who may ask."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pytrain.serve import create_app

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A data set of two classes; the files need not be pictures, for the server never reads them as such."""
    folder = tmp_path / "datasets" / "pets"
    for place in ("cat/a.jpg", "cat/b.jpg", "dog/a.jpg", "dog/c: ü.jpg", "dog/outside/d.jpg"):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(place.encode())
    return folder


@pytest.fixture
def models(tmp_path: Path, source: Path) -> Path:
    """A folder of models with one whose report shows the data set's pictures."""
    root = tmp_path / "exported_models"
    report = root / "pets" / "report"
    report.mkdir(parents=True)
    pictures = {
        path.stem[0] + path.parent.name: {
            "path": path.relative_to(source).as_posix(),
            "label": path.relative_to(source).parts[0],
            "digest": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(source.rglob("*.jpg"))
    }
    write(report / "pictures.json", {"schema": 1, "labels": ["cat", "dog"], "pictures": pictures})
    (root / ".runs" / "pets").mkdir(parents=True)
    settings = {"source": str(source), "command": ["--version"]}
    write(root / ".runs" / "pets" / "settings.json", settings)
    return root


@pytest.fixture
def client(models: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    (tmp_path / "page").mkdir()
    app = create_app([models], tmp_path / "page", datasets=tmp_path / "datasets")
    app.testing = True
    yield app.test_client()
    app.extensions["pytrain"].jobs.stop(60)


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    """Calls the API as the page does; gives status and body."""
    token = client.get("/api/session").json["token"]  # type: ignore[index]

    def call(path: str, method: str = "POST", **body: object) -> tuple[int, dict[str, Any]]:
        headers = {"X-Pytrain-Token": token, "Origin": "http://localhost"}
        answer = client.open(f"/api/{path}", method=method, headers=headers, json=body)
        return answer.status_code, answer.get_json()

    return call


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_refused(answer: tuple[int, dict[str, Any]], status: int) -> None:
    assert answer[0] == status
    assert set(answer[1]["error"]) == {"what", "expected", "fix"}
    assert answer[1]["error"]["what"]
    assert answer[1]["error"]["fix"]


def test_a_picture_gets_another_label_and_comes_back(ask: Ask, source: Path) -> None:
    before = files(source)
    status, state = ask("models/pets/pictures/bcat", label="dog")
    assert status == 200
    assert state["changes"] == {"bcat": {"label": "dog"}}
    assert (source / "dog" / "b.jpg").read_bytes() == b"cat/b.jpg"
    assert not (source / "cat" / "b.jpg").exists()
    assert ask("models/pets/pictures/bcat", undo=True)[1]["changes"] == {}
    assert files(source) == before


def test_a_label_chosen_twice_and_then_the_first_again_changes_nothing(ask: Ask, source: Path) -> None:
    before = files(source)
    ask("models/pets/pictures/bcat", label="dog")
    ask("models/pets/pictures/bcat", label="unknown")
    assert (source / "unknown" / "b.jpg").is_file()
    assert ask("models/pets/pictures/bcat", label="cat")[1]["changes"] == {}
    assert files(source) == before


def test_a_removed_picture_lies_where_training_passes_over_it(ask: Ask, source: Path) -> None:
    before = files(source)
    assert ask("models/pets/pictures/acat", removed=True)[1]["changes"] == {"acat": {"removed": True}}
    assert (source / ".removed" / "cat" / "a.jpg").is_file()
    assert ask("models/pets/pictures/acat", undo=True)[0] == 200
    assert files(source) == before


def test_no_file_is_ever_written_over(ask: Ask, source: Path) -> None:
    assert ask("models/pets/pictures/acat", label="dog")[0] == 200
    assert (source / "dog" / "a.jpg").read_bytes() == b"dog/a.jpg"
    assert (source / "dog" / "a-2.jpg").read_bytes() == b"cat/a.jpg"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_may_be_odd_and_folders_nested(ask: Ask, source: Path) -> None:
    assert ask("models/pets/pictures/cdog", label="cat")[0] == 200
    assert (source / "cat" / "c: ü.jpg").is_file()
    assert ask("models/pets/pictures/doutside", label="cat")[0] == 200
    assert (source / "cat" / "d.jpg").is_file()


def test_changes_are_remembered_until_there_is_a_new_report(ask: Ask, models: Path) -> None:
    ask("models/pets/pictures/bcat", label="dog")
    assert ask("models/pets/pictures", "GET")[1]["changes"] == {"bcat": {"label": "dog"}}
    pictures = models / "pets" / "report" / "pictures.json"
    pictures.write_text(pictures.read_text() + "\n")
    assert ask("models/pets/pictures", "GET")[1]["changes"] == {}


def test_a_file_that_is_another_one_now_is_left_alone(ask: Ask, source: Path) -> None:
    (source / "cat" / "b.jpg").write_bytes(b"drawn over")
    before = files(source)
    assert_refused(ask("models/pets/pictures/bcat", label="dog"), 409)
    assert files(source) == before
    (source / "cat" / "b.jpg").unlink()
    assert_refused(ask("models/pets/pictures/bcat", label="dog"), 409)


@pytest.mark.parametrize("label", ["../cat", "..", ".removed", "horse", "", "cat/../../x", 7, None])
def test_a_picture_goes_only_to_a_label_that_is_there(ask: Ask, source: Path, label: object) -> None:
    before = files(source)
    assert_refused(ask("models/pets/pictures/bcat", label=label), 400)
    assert files(source) == before


@pytest.mark.parametrize(
    "path", ["../secret.jpg", "/etc/hostname", "cat/../../secret.jpg", "secret.jpg", "cat//b.jpg", ".git/x"]
)
def test_no_path_of_a_report_leads_out_of_the_data_set(
    ask: Ask, models: Path, source: Path, path: str
) -> None:
    (source.parent / "secret.jpg").write_bytes(b"secret")
    entry = {"path": path, "label": "cat", "digest": hashlib.sha256(b"secret").hexdigest()}
    write(models / "pets" / "report" / "pictures.json", {"pictures": {"x": entry}})
    assert_refused(ask("models/pets/pictures/x", label="dog"), 400)
    assert (source.parent / "secret.jpg").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_are_neither_followed_nor_moved(ask: Ask, models: Path, source: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "s.jpg").write_bytes(b"secret")
    (source / "linked").symlink_to(outside)
    (source / "cat" / "link.jpg").symlink_to(outside / "s.jpg")
    digest = hashlib.sha256(b"secret").hexdigest()
    entries = {
        "folder": {"path": "linked/s.jpg", "label": "linked", "digest": digest},
        "file": {"path": "cat/link.jpg", "label": "cat", "digest": digest},
    }
    pictures = models / "pets" / "report" / "pictures.json"
    known = json.loads(pictures.read_text())
    write(pictures, {**known, "pictures": {**known["pictures"], **entries}})
    assert_refused(ask("models/pets/pictures/folder", label="dog"), 400)
    assert_refused(ask("models/pets/pictures/file", label="dog"), 409)
    assert_refused(ask("models/pets/pictures/bcat", label="linked"), 400)
    assert files(outside) == ["s.jpg"]


def test_the_model_is_trained_again_with_its_own_command(ask: Ask) -> None:
    status, started = ask("models/pets/retrain")
    assert status == 202
    job = started["job"]
    while job["state"] == "running":
        time.sleep(0.05)
        job = ask(f"jobs/{job['id']}", "GET")[1]
    assert job["state"] == "done"
    assert "pytrain" in job["lines"][-1]


def test_during_a_training_the_pictures_stay_where_they_are(ask: Ask, models: Path, source: Path) -> None:
    settings = {"source": str(source), "command": ["serve", "--port", "0"]}
    write(models / ".runs" / "pets" / "settings.json", settings)
    job = ask("models/pets/retrain")[1]["job"]
    before = files(source)
    assert_refused(ask("models/pets/pictures/bcat", label="dog"), 409)
    assert_refused(ask("models/pets/retrain"), 409)
    assert ask("models/pets/pictures", "GET")[1]["job"]["id"] == job["id"]
    assert files(source) == before
    ask(f"jobs/{job['id']}", "DELETE")
    while ask(f"jobs/{job['id']}", "GET")[1]["state"] == "running":
        time.sleep(0.05)
    assert ask(f"jobs/{job['id']}", "GET")[1]["state"] == "cancelled"
    assert ask("models/pets/pictures/bcat", label="dog")[0] == 200


def test_what_is_not_there_is_said(ask: Ask) -> None:
    assert_refused(ask("models/pets/pictures/none", label="dog"), 404)
    assert_refused(ask("models/none/pictures/bcat", label="dog"), 404)
    assert_refused(ask("jobs/none", "GET"), 404)
    assert_refused(ask("models/pets/pictures/bcat"), 400)


@pytest.mark.parametrize(("name", "fix"), [("pets.zip", "Unpack"), ("pets.csv", "Change the labels in")])
def test_a_zip_or_a_list_cannot_be_changed_and_the_way_out_is_said(
    ask: Ask, models: Path, source: Path, name: str, fix: str
) -> None:
    (source.parent / name).write_bytes(b"")
    content = {"source": str(source.parent / name), "command": ["--version"]}
    write(models / ".runs" / "pets" / "settings.json", content)
    answer = ask("models/pets/pictures/bcat", label="dog")
    assert_refused(answer, 409)
    assert fix in answer[1]["error"]["fix"]
    assert ask("models/pets/pictures", "GET")[1]["problem"] == answer[1]["error"]


def test_a_model_that_was_not_trained_here_has_no_pictures_to_change(ask: Ask, models: Path) -> None:
    (models / ".runs" / "pets" / "settings.json").unlink()
    assert ask("models/pets/pictures", "GET")[1]["problem"]["fix"].startswith("Train it here")
    assert_refused(ask("models/pets/pictures/bcat", label="dog"), 409)
    assert_refused(ask("models/pets/retrain"), 409)


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Host": "["},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:81", "Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_other_pages_get_no_token_and_change_nothing(
    client: FlaskClient, source: Path, headers: dict[str, str]
) -> None:
    token = client.get("/api/session").get_json()["token"]
    before = files(source)
    answers = [
        client.get("/api/session", headers=headers),
        client.post(
            "/api/models/pets/pictures/bcat",
            headers={**headers, "X-Pytrain-Token": token},
            json={"label": "dog"},
        ),
    ]
    for answer in answers:
        assert_refused((answer.status_code, answer.get_json()), 403)
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert files(source) == before


@pytest.mark.parametrize("token", [None, "", "guessed", "gürtel"])
def test_a_change_needs_the_token_and_an_origin(client: FlaskClient, source: Path, token: str | None) -> None:
    origin = {"Origin": "http://localhost"}
    headers = origin if token is None else {**origin, "X-Pytrain-Token": token}
    before = files(source)
    answer = client.post("/api/models/pets/pictures/bcat", headers=headers, json={"label": "dog"})
    assert_refused((answer.status_code, answer.get_json()), 403)
    right = client.get("/api/session").get_json()["token"]
    answer = client.post(
        "/api/models/pets/pictures/bcat", headers={"X-Pytrain-Token": right}, json={"label": "dog"}
    )
    assert_refused((answer.status_code, answer.get_json()), 403)
    assert files(source) == before


def test_other_machines_may_not_change_pictures(client: FlaskClient) -> None:
    answer = client.get("/api/session", environ_base={"REMOTE_ADDR": "192.168.1.7"})
    assert_refused((answer.status_code, answer.get_json()), 403)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "app.localhost"])
def test_the_servers_own_names_are_accepted(client: FlaskClient, host: str) -> None:
    assert client.get("/api/session", headers={"Host": host}).status_code == 200


def test_the_pictures_of_a_report_are_for_no_other_site(client: FlaskClient) -> None:
    with client.get("/models/pets/report/pictures.json") as answer:
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers
