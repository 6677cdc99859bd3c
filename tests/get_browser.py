"""Finds a Chromium for the browser tests, or gets one: Playwright's own, else Debian's."""

import os
import shutil
import subprocess
import sys

from pytrain.export import chromium

UPDATE = ["apt-get", "update", "-qq"]
INSTALL = ["apt-get", "install", "-y", "-qq"]
SHELL = "chromium-headless-shell"
"""Debian's Chromium without windows, with which the tests take two thirds of the time."""


def run(command: list[str]) -> bool:
    print("Running:", " ".join(command), flush=True)
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


def may_use_apt() -> bool:
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def main() -> int:
    if chromium.find() is None:
        run([sys.executable, "-m", "playwright", "install", "chromium"])
    found = chromium.find()
    # One that was named is taken as it is.
    if may_use_apt() and chromium.VARIABLE not in os.environ and (found is None or found.name == "chromium"):
        run(UPDATE)
        if not run([*INSTALL, SHELL]) and found is None:
            run([*INSTALL, "chromium"])
        found = chromium.find()
    if found is None:
        print(
            "No Chromium was found and none could be installed.\n"
            "What to do: run `playwright install --with-deps chromium`, or install Chromium or Chrome and\n"
            f"name it in the environment variable {chromium.VARIABLE}.",
            file=sys.stderr,
        )
        return 2
    print(f"Browser: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
