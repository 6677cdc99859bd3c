"""Hands the answers of pytrain's page on as OSC: to Max, Pure Data, SuperCollider, Ableton and others.

    python osc_bridge.py                      # from http://127.0.0.1:8000 to port 9000 of this computer
    python osc_bridge.py --to 192.168.0.7:57120 --from http://127.0.0.1:8001

For every answer it sends

    /pytrain/answer  label confidence         the answer, 'unknown' included, and how sure of the best label
    /pytrain/label   label confidence         for each label, best first
    /pytrain/known   share                    how much it looks like one of the labels; some models tell

It needs nothing but Python. OSC 1.0: https://opensoundcontrol.stanford.edu/spec-1_0.html
"""

import argparse
import json
import socket
import struct
import time
import urllib.request

AGAIN_SECONDS = 2


def osc(address, *values):
    """One OSC message of strings and numbers, as bytes."""
    tags = "," + "".join("s" if isinstance(value, str) else "f" for value in values)
    parts = [osc_string(value) if isinstance(value, str) else struct.pack(">f", value) for value in values]
    return b"".join([osc_string(address), osc_string(tags), *parts])


def osc_string(text):
    """Ends in at least one zero byte and fills up to four."""
    encoded = text.encode()
    return encoded + b"\0" * (4 - len(encoded) % 4)


def answers(url):
    """What the page sends to the server, as it happens; waits for a server that is not there."""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/results", timeout=60) as stream:
                print(f"Listening to {url}", flush=True)
                for line in stream:
                    if line.startswith(b"data: "):
                        yield json.loads(line[len(b"data: ") :])
        except OSError as error:
            print(f"{url} does not answer ({error}); trying again", flush=True)
        time.sleep(AGAIN_SECONDS)


def messages(answer):
    """The OSC messages of one answer."""
    best = answer["results"][0]["confidence"]
    yield osc("/pytrain/answer", answer["answer"], best)
    for result in answer["results"]:
        yield osc("/pytrain/label", result["label"], result["confidence"])
    if "known" in answer:
        yield osc("/pytrain/known", answer["known"])


def main():
    parser = argparse.ArgumentParser(description="Hands pytrain's answers on as OSC.")
    parser.add_argument(
        "--from", dest="url", default="http://127.0.0.1:8000", help="where pytrain serve runs"
    )
    parser.add_argument("--to", default="127.0.0.1:9000", help="address and port that listens to OSC")
    options = parser.parse_args()
    host, port = options.to.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for answer in answers(options.url):
            for message in messages(answer):
                out.sendto(message, (host, int(port)))


if __name__ == "__main__":
    main()
