"""The way of a page: record, train in Python, follow it, call it off, find the better model in the list."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from photographs import CAT, MOTORCYCLE, tiles
from PIL import Image

from .conftest import Start, events

EACH = 10
HELD_OUT = 2


def left(folder: Path) -> list[str]:
    """Models, and what is left of them."""
    return (
        sorted(entry.name for entry in folder.iterdir() if entry.name != ".runs") if folder.exists() else []
    )


def test_recorded_pictures_become_a_model(start: Start, tmp_path: Path) -> None:
    server = start()
    for label, photograph in (("cat", CAT), ("motorcycle", MOTORCYCLE)):
        for number, tile in enumerate(tiles(photograph, EACH)):
            file = BytesIO()
            Image.fromarray(tile).save(file, "PNG")
            place = f"/api/datasets/pets/{label}/p-{number}"
            path = f"{place}?held_out=1" if number < HELD_OUT else place
            assert server.ask("PUT", path, file.getvalue())[0] == 201
    train = "/api/datasets/pets/train"
    models = tmp_path / "exported_models"

    job = server.ask("POST", train, name="pets", fine_tune="never")[1]["job"]
    waiting = server.ask("POST", train, name="others", fine_tune="never")[1]["job"]
    assert waiting["state"] == "queued"
    assert server.ask("POST", train, name="pets")[0] == 409
    for event in events(server.listen(f"/api/jobs/{job['id']}/events")):
        if event["event"] == "line":
            # In the middle of it: pictures stay, others may come.
            assert server.ask("DELETE", "/api/datasets/pets/cat/p-5")[0] == 409
            assert server.ask("DELETE", f"/api/jobs/{job['id']}")[0] == 200
            assert server.ask("DELETE", f"/api/jobs/{waiting['id']}")[1]["state"] == "cancelled"
    assert server.ask("GET", f"/api/jobs/{job['id']}")[1]["state"] == "cancelled"
    assert left(models) == []

    job = server.ask("POST", train, name="pets", fine_tune="never", seed=1)[1]["job"]
    told = list(events(server.listen(f"/api/jobs/{job['id']}/events")))
    assert json.loads(told[-1]["data"])["state"] == "done", told[-5:]
    assert left(models) == ["pets"]
    listed = {model["name"]: model for model in server.ask("GET", "/models.json")[1]["models"]}
    assert listed["pets"]["labels"] == ["cat", "motorcycle"]
    pictures = json.loads((models / "pets" / "report" / "pictures.json").read_text())["pictures"]
    learned = {picture["path"] for picture in pictures.values()}
    assert len(learned) == 2 * (EACH - HELD_OUT)
    assert not [path for path in learned if Path(path).stem in {f"p-{number}" for number in range(HELD_OUT)}]

    # What came by the page can be put right in the report, as what came by hand.
    assert server.ask("GET", "/api/models/pets/pictures")[1]["labels"] == ["cat", "motorcycle", "unknown"]
