#!/usr/bin/env python3
"""Has Prometheus collect the demo's /metrics, and asks it every question of the dashboard and of the alert rules.

    python tests/peers/prometheus.py --harvestd target/debug/harvestd

Needs prometheus and promtool (Debian: prometheus). promtool reads the page and plays the alert rules; then each query of
config/grafana.json is asked of Prometheus, and has to be understood and, where the demo can bring it about, to have an
answer. Everything is on loopback. Start reading at main().
"""
import argparse, json, os, shutil, socket, subprocess, sys, tempfile, time, urllib.parse, urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
# What does not happen in the demo within half a minute.
QUIET = {"Diagnoses, an hour", "Queries that were ended, an hour", "Refused at the doors, an hour",
         "Tries beyond the first, a second", "Messages that were not taken, an hour",
         "Hours since a complete run began", "Lookups without a worker, 95 %", "After a run: mean time",
         "Deletions that wait for a person", "Addresses of files"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    options = parser.parse_args()
    rules = os.path.join(ROOT, "config/prometheus-alerts.yml")
    subprocess.run(["promtool", "check", "rules", rules], check=True)
    subprocess.run(["promtool", "test", "rules", rules.replace(".yml", ".test.yml")], check=True)
    folder = tempfile.mkdtemp(prefix="harvestd-prometheus-")
    running = []
    try:
        failed = watch(folder, os.path.abspath(options.harvestd), rules, running)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    if failed:
        sys.exit("FAILED: " + "; ".join(failed))


def watch(folder, harvestd, rules, running):
    public, admin, port = free(), free(), free()
    running.append(subprocess.Popen(
        [harvestd, "demo", "--listen", f"127.0.0.1:{public}", "--admin-listen", f"127.0.0.1:{admin}",
         "--data-dir", os.path.join(folder, "demo"), "--log", "warn"], cwd=folder, stdout=subprocess.DEVNULL))
    base = f"http://127.0.0.1:{public}"
    until(lambda: get(base + "/readyz"), "the demo is ready")
    for question in ("/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D%20LIMIT%209", "/catalog.ttl", "/nowhere"):
        get(base + question)
    settings = os.path.join(folder, "prometheus.yml")
    with open(settings, "w") as file:
        json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [rules],
                   "scrape_configs": [{"job_name": "harvestd", "static_configs": [
                       {"targets": [f"127.0.0.1:{public}"]}]}]}, file)
    running.append(subprocess.Popen(
        ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]))
    api = f"http://127.0.0.1:{port}/api/v1/"
    until(lambda: ask(api, "harvestd_runs_total and harvestd_runs_total offset 30s"), "half a minute is collected")
    page = get(base + "/metrics")
    told = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    failed = [f"promtool of the page: {line}" for line in told.stderr.splitlines()]
    asked = 0
    with open(os.path.join(ROOT, "config/grafana.json"), encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    for panel in panels:
        answers = 0
        for target in panel.get("targets", []):
            query = target["expr"].replace("$instance", ".*").replace("$source", ".*")
            answers += len(ask(api, query.replace("$__rate_interval", "20s")))
            asked += 1
        if panel.get("targets") and not answers and panel["title"] not in QUIET:
            failed.append(f"no answer for {panel['title']!r}")
    alerts = json.loads(get(api + "rules"))["data"]["groups"][0]["rules"]
    failed += [f"{rule['name']}: {rule['lastError']}" for rule in alerts if rule.get("lastError")]
    failed += [f"{rule['name']} fires" for rule in alerts if rule["state"] == "firing"]
    print(f"{asked} queries of {len(panels)} panels understood; {len(alerts)} rules evaluated; "
          f"{page.count(chr(10) + '# TYPE ') + 1} figures on the page")
    return failed


def ask(api, query):
    """What Prometheus answers; a query that it does not understand ends the trial."""
    return json.loads(get(api + "query?" + urllib.parse.urlencode({"query": query})))["data"]["result"]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        if error.code in (404, 503):
            return ""
        raise RuntimeError(f"{url}: {error.code} {error.read().decode()}") from error
    except OSError:
        return ""


def until(happened, what):
    deadline = time.monotonic() + 120
    while not happened_safely(happened):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.5)


def happened_safely(happened):
    try:
        return happened()
    except (ValueError, KeyError):
        return False


def free():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


if __name__ == "__main__":
    main()
