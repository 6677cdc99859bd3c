"""The running average of a network's weights, which is better than the weights of any one step.

Averages of weights along a training were proposed by Polyak & Juditsky (Acceleration of stochastic
approximation by averaging, 1992); the exponential one is that of Szegedy et al. (Rethinking the Inception
architecture, 2016). The statistics of batch normalisation are averaged with the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.model.backend import tf

Arrays = list[npt.NDArray[Any]]


class Average:
    """After step n: average = d average + (1 - d) weights, with d = min(decay, (1 + n) / (10 + n)).

    The smaller factor of the first steps lets it forget the random weights that a training starts with.

    Args:
        network: built; all its weights are floating-point.
        decay: 0 to 1; about 1 / (1 - decay) steps are averaged.
    """

    def __init__(self, network: Any, decay: float) -> None:
        self.network, self.decay = network, decay
        self._averages = [tf.Variable(variable.value) for variable in network.weights]
        self._steps = tf.Variable(0.0)
        self._trained: Arrays = []
        self._update = tf.function(self._updated, autograph=False)

    def update(self) -> None:
        """Takes the network's present weights in."""
        self._update()

    def put_in(self) -> None:
        """Gives the network the average; `take_out` gives it back what it had."""
        self._trained = self.network.get_weights()
        self.network.set_weights(self.weights())

    def take_out(self) -> None:
        """Ends what `put_in` began."""
        self.network.set_weights(self._trained)

    def weights(self) -> Arrays:
        """The average, in the order of the network's weights."""
        return [average.numpy() for average in self._averages]

    def state(self) -> Arrays:
        """All that `restore` needs."""
        return [np.asarray(self._steps.numpy()), *self.weights()]

    def restore(self, state: Arrays) -> None:
        """Goes on where another one was when `state` was asked for."""
        for variable, value in zip([self._steps, *self._averages], state, strict=True):
            variable.assign(value)

    def _updated(self) -> None:
        self._steps.assign_add(1.0)
        decay = tf.minimum(self.decay, (1.0 + self._steps) / (10.0 + self._steps))
        for average, variable in zip(self._averages, self.network.weights, strict=True):
            average.assign_add((1.0 - decay) * (variable.value - average))
