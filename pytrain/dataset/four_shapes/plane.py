"""The flat thing that is held up: where each point of it lands in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import Points

WIDTH, HEIGHT = 320, 240
"""Of a scene, in pixels."""

OVERHANG = 0.06
"""Share of a shape's width or height that may lie outside the centre square, which is what a model sees."""


@dataclass(frozen=True)
class Plane:
    """A homography from the thing's own units to pixels of the frame."""

    matrix: npt.NDArray[np.float64]

    def project(self, points: Points) -> Points:
        """float64 [n, 2] in own units to float64 [n, 2] in pixels."""
        mapped = np.asarray(points) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.asarray(mapped[:, :2] / mapped[:, 2:])

    def scale(self) -> float:
        """Pixels for one unit at the middle of the thing."""
        ends = self.project(np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]]))
        return float((np.linalg.norm(ends[1] - ends[0]) + np.linalg.norm(ends[3] - ends[2])) / 2)

    def then(self, factor: float, shift: tuple[float, float]) -> Plane:
        """Scaled and moved in the frame."""
        move = np.array([[factor, 0, shift[0]], [0, factor, shift[1]], [0, 0, 1.0]])
        return Plane(move @ self.matrix)

    def before(self, angle: float = 0.0, factor: float = 1.0, shift: tuple[float, float] = (0, 0)) -> Plane:
        """A thing that lies on this one: turned, scaled, moved in this one's units."""
        cosine, sine = factor * np.cos(angle), factor * np.sin(angle)
        return Plane(
            self.matrix @ np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]], [0, 0, 1.0]])
        )


def tilted(dice: Dice, most: float, roll: float) -> Plane:
    """Turned by `roll` in the picture plane and out of it by up to `most` degrees, seen by a near camera."""
    tilt = np.radians(min(most, abs(dice.around(0, most / 2))))
    axis = dice.angle()
    distance = dice.between(3.5, 12)
    along = np.array([np.cos(axis), np.sin(axis)])
    across = np.array([-along[1], along[0]])
    squeeze = np.outer(along, along) + np.cos(tilt) * np.outer(across, across)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    matrix = np.eye(3)
    matrix[:2, :2] = squeeze @ turn
    matrix[2, :2] = (np.sin(tilt) * across / distance) @ turn
    return Plane(matrix)


def placed(dice: Dice, plane: Plane, outline: Points, size: float) -> Plane:
    """Moves and scales a plane so that the outline has a size and stays almost whole in the centre square.

    Args:
        size: the longer side of the outline's bounding box, as a share of the frame's height.
    """
    box = plane.project(outline)
    low, high = box.min(axis=0), box.max(axis=0)
    factor = size * HEIGHT / float((high - low).max())
    width, height = (high - low) * factor
    overhang = OVERHANG if dice.chance(0.25) else -0.02
    centre = [WIDTH / 2, HEIGHT / 2]
    for axis, extent in enumerate((width, height)):
        room = max(0.0, HEIGHT - extent * (1 - 2 * overhang)) / 2
        centre[axis] += room * max(-1.0, min(1.0, dice.around(0, 0.45)))
    middle = (low + high) / 2 * factor
    return plane.then(factor, (centre[0] - float(middle[0]), centre[1] - float(middle[1])))


def shape_size(dice: Dice) -> float:
    """Share of the frame's height, from 0.18 (far away) to 0.95 (close to the lens)."""
    return dice.between(0.33, 0.85) if dice.chance(0.75) else dice.log_between(0.18, 0.95)
