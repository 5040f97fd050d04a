#!/usr/bin/env python3
"""Follows /changes of a running demo with a client that others wrote, through cuts and a kill -9.

    python tests/peers/changes.py --harvestd target/debug/harvestd

Needs a Python that has sseclient-py and requests; without them, it says so and ends with 0. Everything is on loopback and
in a temporary folder. It reads events one by one, cuts the connection again and again, kills the daemon once, goes on each
time with the last id it saw, and compares with the pages of JSON: every activity once, in order, nothing left out.
Start reading at main().
"""
import argparse, json, shutil, signal, subprocess, sys, tempfile

EVENTS = 120
CUT_EVERY = 17


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    options = parser.parse_args()
    try:
        import requests, sseclient  # noqa: F401
    except ImportError:
        print("SKIPPED: this Python has no sseclient-py and requests, so no client of others followed the changes")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-changes-")
    daemon, base = start(options.harvestd, folder, "127.0.0.1:0")
    try:
        seen, killed = [], False
        while len(seen) < EVENTS:
            last = seen[-1]["id"] if seen else None
            seen += follow(base, last, CUT_EVERY)
            if len(seen) > EVENTS // 2 and not killed:
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                # The same address: it is part of the demo's IRIs.
                daemon, base = start(options.harvestd, folder, base.removeprefix("http://"))
                killed = True
        expected = pages(base, len(seen))
        assert seen == expected, first_difference(seen, expected)
        print(f"{len(seen)} events, a cut after every {CUT_EVERY}, one kill -9: each once and in order, as the JSON has them")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def start(program, folder, listen):
    command = [program, "demo", "--json", "--data-dir", folder + "/data", "--listen", listen, "--admin-listen", "127.0.0.1:0"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = daemon.stdout.readline()
    if not line:
        sys.exit("the demo did not start")
    return daemon, "http://" + json.loads(line)["listen"]


def follow(base, last, most):
    """At most so many events after the last one that was seen."""
    import requests, sseclient
    headers = {"Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    response = requests.get(base + "/changes?after=0", headers=headers, stream=True, timeout=60)
    assert response.status_code == 200, response.text
    events = []
    for event in sseclient.SSEClient(response).events():
        told = json.loads(event.data)
        assert event.id == told["id"] and event.event == told["type"].lower(), (event.id, event.event, told)
        events.append(told)
        if len(events) == most:
            break
    response.close()
    return events


def pages(base, count):
    import requests
    told, after = [], "0"
    while len(told) < count:
        page = requests.get(f"{base}/changes?after={after}&limit=50", timeout=60).json()
        told += page["activities"]
        after = page["next"]
    return told[:count]


def first_difference(seen, expected):
    return next((pair for pair in zip(seen, expected) if pair[0] != pair[1]), (len(seen), len(expected)))


if __name__ == "__main__":
    main()
