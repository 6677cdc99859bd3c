"""`pytrain publish`: what a site holds, what it leaves out, and that it never destroys anything."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytrain import bundle
from pytrain.cli import main
from pytrain.errors import BundleError, PytrainError, ServeError
from pytrain.serve.publish import publish
from pytrain.serve.publish.publish import MARKER

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>pytrain</title>
  </head>
  <body></body>
</html>
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    for file, content in {
        "index.html": PAGE,
        "teach/index.html": PAGE,
        "sketches/webcam-label/index.html": PAGE,
        "sketches/webcam-label/sketch.js": "const model = asked.get('model') ?? 'four-shapes';\n",
        "play.js": "",
        "pytrain.js": "",
        "engine-wasm.js": "",
        "engine-wasm-layers.js": "",
        "engine-cpu.js": "",
        "vendor/p5.min.js": "",
        "backbone/weights-1.bin": "",
        "verify.html": PAGE,
        "verify-node.mjs": "",
    }.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def model(small_bundle: Path) -> Path:
    """A model whose folder shows pictures of its training."""
    (small_bundle / "report").mkdir()
    (small_bundle / "report" / "index.html").write_text("<img>")
    return small_bundle


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def site_of(out: Path) -> dict[str, Any]:
    """What the service worker knows."""
    found = re.search(r"const SITE = (\{.*?\n\});", (out / "sw.js").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_a_site_holds_the_page_and_the_model_and_no_picture_of_the_training(
    page: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    site = publish([model], out, page=page)
    found = files(out)
    shards = bundle.read(model).shards
    assert {f"models/small/{name}" for name in ("metadata.json", "model.json", "graph.json", *shards)} == {
        name for name in found if name.startswith("models/")
    }
    assert {"index.html", "teach/index.html", "models.json", "manifest.webmanifest", "sw.js"} < found
    assert not {name for name in found if "verify" in name}
    assert site.left_out
    assert bundle.read(out / "models" / "small").metadata["pytrain"]["golden"] == 0
    listed = json.loads((out / "models.json").read_text())
    assert listed["api"] is False
    (entry,) = listed["models"]
    assert entry["url"] == "models/small/"
    assert entry["report"] is None
    assert entry["thumbnail"] is None
    assert entry["first"]


def test_pictures_are_published_if_asked_for(page: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert not publish([model], out, page=page, with_pictures=True).left_out
    assert {"models/small/report/index.html", "models/small/golden/golden.json"} < files(out)
    (entry,) = json.loads((out / "models.json").read_text())["models"]
    assert entry["report"] == "models/small/report/index.html"
    assert entry["thumbnail"] == "models/small/golden/00.png"
    assert (out / "models/small/metadata.json").read_bytes() == (model / "metadata.json").read_bytes()


def test_no_address_leads_to_the_root_of_the_host(page: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    publish([model], out, page=page)
    for file in out.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        root = "../" * (len(file.relative_to(out).parts) - 1) or "./"
        assert re.findall(r'rel="manifest" href="(.*?)"', text) == [f"{root}manifest.webmanifest"]
        assert f"register('{root}sw.js')" in text
        assert not re.findall(r"""(?:href|src)=["']/""", text)
        # Browsers look for it in the first 1,024 bytes only.
        assert b'charset="utf-8"' in file.read_bytes()[:200]
    manifest = json.loads((out / "manifest.webmanifest").read_text())
    assert manifest["start_url"] == manifest["scope"] == manifest["id"] == "./"
    for icon in manifest["icons"]:
        with Image.open(out / icon["src"]) as picture:
            assert "{}x{}".format(*picture.size) == icon["sizes"]


def test_the_worker_knows_every_file_by_its_content(page: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    publish([model], out, page=page)
    site = site_of(out)
    assert set(site["files"]) == files(out) - {"sw.js", MARKER, ".nojekyll"}
    for name, digest in site["files"].items():
        assert base64.b64decode(digest) == hashlib.sha256((out / name).read_bytes()).digest()
    first = set(site["first"])
    assert {"index.html", "teach/index.html", "play.js", "engine-wasm.js", "models/small/graph.json"} < first
    assert not {name for name in first if name.startswith(("vendor/", "backbone/", "engine-cpu"))}
    assert "engine-wasm-layers.js" not in first
    assert site["teaching"] == ["backbone/weights-1.bin"]
    version = site["version"]
    publish([model], out, page=page)
    assert site_of(out)["version"] == version
    (page / "play.js").write_text("// better")
    publish([model], out, page=page)
    assert site_of(out)["version"] != version


def test_a_model_of_layers_alone_has_its_engines_kept(page: Path, model: Path, tmp_path: Path) -> None:
    metadata = json.loads((model / "metadata.json").read_text())
    metadata["pytrain"]["formats"] = {"layers": True}
    (model / "metadata.json").write_text(json.dumps(metadata))
    out = tmp_path / "site"
    publish([model], out, page=page)
    assert {"models/small/model.json", "engine-wasm-layers.js"} < set(site_of(out)["first"])
    assert "models/small/graph.json" not in files(out)


def test_names_may_be_odd(page: Path, model: Path, tmp_path: Path) -> None:
    other = model.with_name("it's 100% 🤚")
    shutil.copytree(model, other)
    out = tmp_path / "site"
    publish([other, model], out, page=page, name='<b>Hi</b> & "bye" \'')
    text = (out / "index.html").read_text(encoding="utf-8")
    assert "<title>&lt;b&gt;Hi&lt;/b&gt; &amp; &quot;bye&quot; &#x27;</title>" in text
    assert "<b>" not in text
    assert json.loads((out / "manifest.webmanifest").read_text())["name"] == '<b>Hi</b> & "bye" \''
    models = json.loads((out / "models.json").read_text())["models"]
    assert [model["url"] for model in models] == ["models/it%27s%20100%25%20%F0%9F%A4%9A/", "models/small/"]
    sketch = (out / "sketches" / "webcam-label" / "sketch.js").read_text(encoding="utf-8")
    assert sketch == "const model = asked.get('model') ?? 'it\\'s 100% 🤚';\n"


def test_publishing_again_replaces_what_was_published_and_nothing_else(
    page: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    publish([model], out, page=page)
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("mine")
    (out / "CNAME").write_text("example.org")
    (page / "play.js").unlink()
    (page / "new.js").write_text("")
    publish([model], out, page=page)
    assert (out / ".git" / "HEAD").read_text() == "mine"
    assert (out / "CNAME").read_text() == "example.org"
    assert not (out / "play.js").exists()
    assert (out / "new.js").exists()
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []
    # What is not ours is no part of the site that browsers keep either.
    assert "CNAME" not in site_of(out)["files"]


def test_a_folder_of_somebody_else_stays(page: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    (out / "models").mkdir(parents=True)
    (out / "models" / "clay.txt").write_text("mine")
    (out / "index.html").write_text("mine")
    with pytest.raises(ServeError, match="did not make it") as refused:
        publish([model], out, page=page)
    assert "--replace" in str(refused.value.fix)
    assert files(out) == {"models/clay.txt", "index.html"}
    publish([model], out, page=page, replace=True)
    assert (out / "models" / "clay.txt").read_text() == "mine"
    assert "manifest" in (out / "index.html").read_text()


def test_an_empty_folder_will_do(page: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    publish([model], out, page=page)
    assert (out / "index.html").is_file()


def test_a_failure_leaves_the_former_site_whole(
    page: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "site"
    publish([model], out, page=page)
    before = {name: (out / name).read_bytes() for name in files(out)}
    (page / "play.js").write_text("// better")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        with pytest.raises(BundleError, match="No space left"):
            publish([model], out, page=page)
    assert {name: (out / name).read_bytes() for name in files(out)} == before
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")) == []


@pytest.mark.parametrize("where", ["the page", "the model", "above", "below"])
def test_a_site_is_not_written_over_what_it_is_made_of(page: Path, model: Path, where: str) -> None:
    out = {"the page": page, "the model": model, "above": model.parent, "below": model / "site"}[where]
    before = files(out) if out.exists() else set()
    with pytest.raises(PytrainError, match="belongs to"):
        publish([model], out, page=page, replace=True)
    assert (files(out) if out.exists() else set()) == before


def test_two_models_of_one_name_are_refused(page: Path, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "others" / "small"
    shutil.copytree(model, other)
    with pytest.raises(ServeError, match="Two models are called small"):
        publish([model, other], tmp_path / "site", page=page)
    assert not (tmp_path / "site").exists()


def test_models_are_found_by_name(
    page: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parents[1])
    publish(["small", "four-shapes"], tmp_path / "site", page=page)
    models = json.loads((tmp_path / "site" / "models.json").read_text())["models"]
    assert [model["name"] for model in models] == ["small", "four-shapes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none", "--out", "site"], "There is no model at none"),
        (["--out", "site"], "Missing argument 'MODEL...'"),
        (["four-shapes"], "Missing option '--out'"),
        (["four-shapes", "--out", "file"], "is a file"),
    ],
)
def test_a_mistake_ends_with_one_message_and_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as ended:
        main(["publish", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "site").exists()
