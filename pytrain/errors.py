"""The errors that pytrain raises on purpose: what happened, what was expected, what to do."""


class PytrainError(Exception):
    """A problem that the user can solve.

    Args:
        what: what happened, naming the culprit (a file, an option, a layer).
        expected: what was expected instead, or None where that is plain.
        fix: what to do next, or None where nothing can be done.
    """

    def __init__(self, what: str, expected: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.expected:
            lines.append(f"Expected: {self.expected}")
        if self.fix:
            lines.append(f"What to do: {self.fix}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, str | None]:
        """The same three parts, as the server answers them."""
        return {"what": self.what, "expected": self.expected, "fix": self.fix}


class DataError(PytrainError):
    """An image, a folder of images or an archive cannot be used."""


class ModelError(PytrainError):
    """A network or its weights are missing or cannot be used."""


class TrainingError(PytrainError):
    """A training run cannot start, go on or be resumed."""


class ExportError(PytrainError):
    """A model cannot be written for the browser."""


class BundleError(PytrainError):
    """A bundle is missing, damaged, or of another schema."""


class BrowserError(PytrainError):
    """No browser or Node.js could check a bundle."""


class ServeError(PytrainError):
    """The server cannot start."""
