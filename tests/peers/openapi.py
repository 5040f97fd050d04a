#!/usr/bin/env python3
"""Holds a running demo to its own OpenAPI document: schemathesis asks every door that only reads, with what the document
allows and with what it does not.

    python tests/peers/openapi.py --harvestd target/debug/harvestd [--examples 20]

Needs a Python with schemathesis beside it; without, it says so and ends with 0. Everything is on loopback and in a
temporary folder. What is asked: no server error, no status, content type or JSON that the document does not declare, and
405 with Allow for methods that it has not. The doors that take something in are asked as well, without a token, except for
the one that anybody may use. Start reading at main().
"""
import argparse, json, os, signal, subprocess, sys, tempfile, time, urllib.request

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "unsupported_method", "allow_header_conformance"]
# An answer without an end; and one that waits, as it is told to.
WITHOUT_END = "/changes"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--examples", type=int, default=20, help="generated cases of each operation, at most")
    options = parser.parse_args()
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    if not os.path.exists(program):
        print("SKIPPED: no schemathesis beside this Python")
        return
    with tempfile.TemporaryDirectory(prefix="harvestd-openapi-") as folder:
        command = [os.path.abspath(options.harvestd), "demo", "--json", "--data-dir", folder + "/data",
                   "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
        demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = demo.stdout.readline()
            if not line:
                sys.exit("the demo did not start")
            base = "http://" + json.loads(line)["listen"]
            wait_for_harvests(base)
            sys.exit(schemathesis(program, base, folder, options.examples))
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)


def wait_for_harvests(base, seconds=240):
    end = time.time() + seconds
    while time.time() < end:
        try:
            with urllib.request.urlopen(base + "/status.json", timeout=10) as answer:
                status = json.load(answer)
            if status["published"] and all(source["last"] for source in status["sources"]):
                with urllib.request.urlopen(base + "/dumps", timeout=120):
                    return
        except (OSError, KeyError):
            pass
        time.sleep(1)
    sys.exit("the demo did not harvest")


def schemathesis(program, base, folder, examples):
    document = base + "/openapi.json"
    with urllib.request.urlopen(document, timeout=10) as answer:
        paths = json.load(answer)["paths"]
    operations = sum(len(methods) for methods in paths.values())
    print("%d paths, %d operations" % (len(paths), operations))
    command = [program, "run", document, "--url", base, "--exclude-path", WITHOUT_END, "--checks", ",".join(CHECKS),
               "--max-examples", str(examples), "--seed", "1", "--continue-on-failure", "--request-timeout", "60",
               "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--warnings", "off"]
    return subprocess.run(command, cwd=folder).returncode


if __name__ == "__main__":
    main()
