"""How well the masks of shape-masks fit, on scenes of a seed that nothing was trained on.

    python benchmarks/shape_masks.py [MODEL] [--scenes 1000] [--seed 20261]

IoU and Dice are counted over all pixels of all scenes, at the 224 x 224 that the network sees; their means
are over the four shapes, without the background. Exits with 1 where the mean IoU is below 0.9.
"""

from __future__ import annotations

import argparse
import sys
import time

from pytrain.bundle import MASK
from pytrain.evaluation.classifier import open_classifier
from pytrain.evaluation.segmentation_scenes import judge
from pytrain.pipeline.shape_masks import figures
from pytrain.training.mask_scenes import TEST, scene_seed

PROMISED = 0.9
"""Mean IoU."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", default="shape-masks")
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261, help="of the scenes; trainings begin with 0")
    arguments = parser.parse_args()
    if arguments.scenes < 1:
        parser.error("--scenes takes a whole number from 1")
    classifier = open_classifier(arguments.model)
    if MASK not in getattr(classifier.model, "output_names", []):
        parser.error(f"{arguments.model} gives no {MASK}; train one: pytrain train four-shapes --recipe unet")
    started = time.process_time()
    seeds = [scene_seed(arguments.seed, TEST, number) for number in range(arguments.scenes)]
    judged = judge(classifier.model, seeds, classifier.threshold)
    print(f"{classifier.name}, {arguments.scenes:,} scenes of seed {arguments.seed}")
    print("\n".join(figures(judged)))
    print(f"  {time.process_time() - started:.0f} s of processor time")
    return 0 if judged.overlap.mean_iou >= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
