"""Makes what comes with pytrain of the generated pictures: `python -m pytrain.pipeline.generated_rows`.

A first training needs what the default backbone makes of some 200 pictures that are always the same; reading
them takes no time, drawing and embedding them a third of a small training.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from pytrain.training.feature_cache import SHIPPED, embed
from pytrain.training.outsiders import MEASURED, TAUGHT


def make(out: Path = SHIPPED) -> list[Path]:
    """Writes the rows of both kinds anew, float16, in the feature cache's own files; gives the files."""
    from pytrain.model.backbones import load
    from pytrain.model.transfer import embedder
    from pytrain.pipeline.learned import backbone_key

    backbone = load()
    model = embedder(backbone)
    key = f"{backbone_key(backbone)}-{model.output.shape[-1]}"
    with tempfile.TemporaryDirectory() as temporary:
        nothing = Path(temporary) / "nothing"
        for kind in (TAUGHT, MEASURED):
            embed(model, kind.items(), Path(temporary) / kind.name, key, shipped=nothing)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        for kind in (TAUGHT, MEASURED):
            for file in (Path(temporary) / kind.name).iterdir():
                name = f"{file.name.rsplit('-', 2)[0]}-{kind.name.replace(' ', '-')}{file.suffix}"
                shutil.copyfile(file, out / name)
    return sorted(out.iterdir())


def main() -> int:
    for file in make():
        sys.stdout.write(f"{file}: {file.stat().st_size / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
