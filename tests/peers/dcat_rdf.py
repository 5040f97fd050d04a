#!/usr/bin/env python3
"""A real CKAN harvests us by its `dcat_rdf` harvester, page after page, while the catalogue changes and while it is paged through.

    python tests/peers/dcat_rdf.py --harvestd target/debug/harvestd --token FILE [--ckan http://127.0.0.1:25000] [--datasets 1000]

Needs a running CKAN on loopback with ckanext-harvest, ckanext-dcat and their workers, and a file with a sysadmin's token;
without an answer it says so and ends with 0. Datasets are pushed to a harvestd of its own. CKAN asks through a small proxy
at our public_url, which can hold a page back until a new run is published. Three harvests: everything; with updates, new
ones and deletions in between; and one during whose second page a run is published that deletes and adds datasets on both
sides of it. After each, what CKAN holds is compared, IRI by IRI, with what SPARQL says. CKAN deletes what a harvest did
not show it: one dataset missed in paging would be one deleted there. Start reading at main().
"""
import argparse, http.server, json, os, shutil, socket, subprocess, sys, tempfile, threading, time
import urllib.error, urllib.parse, urllib.request


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--ckan", default="http://127.0.0.1:25000")
    parser.add_argument("--token", required=True, help="a file with the token of a sysadmin of the CKAN")
    parser.add_argument("--datasets", type=int, default=1000)
    options = parser.parse_args()
    ckan = Ckan(options.ckan, open(options.token, encoding="utf-8").read().strip())
    if not ckan.answers():
        print(f"SKIPPED: no CKAN answers at {options.ckan}")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-dcat-rdf-")
    house = House(options.harvestd, folder)
    try:
        Trial(options, ckan, house).whole()
    finally:
        house.stop()
        shutil.rmtree(folder, ignore_errors=True)


# CKAN takes an IRI that it knows from an earlier trial for the same dataset.
TRIAL = time.time_ns()


class Trial:
    def __init__(self, options, ckan, house):
        self.options, self.ckan, self.house, self.failures = options, ckan, house, []
        self.held = {f"{n:05}": 0 for n in range(options.datasets)}

    def whole(self):
        number = self.options.datasets
        self.push("all")
        source = self.ckan.source(f"{self.house.public}catalog.ttl?limit={max(5, number // 10)}", f"dcat-rdf-{time.time_ns()}")
        try:
            self.harvest("first harvest", source, added=number, deleted=0)
            for key in keys(3, number, number // 50):
                self.held[key] += 1
            for key in keys(7, number, number // 40):
                self.held.pop(key, None)
            for n in range(number, number + 10):
                self.held[f"{n:05}"] = 0
            gone = number + 10 - len(self.held)
            self.push("updated, deleted, new")
            self.harvest("second harvest", source, added=10, deleted=gone)
            self.while_it_pages(source)
        finally:
            self.ckan.clear(source)
        if self.failures:
            sys.exit("FAILED:\n  " + "\n  ".join(self.failures))
        print("CKAN holds what we publish")

    def while_it_pages(self, source):
        """A run is published while CKAN reads its second page: with offsets, each of its deletions would hide a dataset from it."""
        sorted_keys = sorted(self.held)
        before, after = sorted_keys[5:25], sorted_keys[-25:-20]

        def publish():
            for key in [*before, *after]:
                del self.held[key]
            self.held["00000-new"] = 0
            self.held["99999-new"] = 0
            self.push("published while CKAN pages")

        self.house.proxy.at(2, publish)
        self.harvest("harvest while a run is published", source, compare=False)
        self.same("the run was published between two pages", self.house.proxy.done, True)
        there, ours = self.ckan.guids(source), self.house.iris()
        # Of the pages that CKAN had already read it cannot know better; nothing that is still there may be missing.
        self.same("missed by paging, and deleted there", sorted((ours - {iri("00000-new")}) - there), [])
        self.same("not deleted though gone before its page", sorted(there & {iri(key) for key in after}), [])
        self.harvest("harvest after it", source)

    def push(self, what):
        report = self.house.push([package(key, version) for key, version in sorted(self.held.items())])
        self.same(f"{what}: refused", report["counts"]["refused"], 0)
        self.house.wait_for(len(self.held))
        print(f"{what}: {len(self.held)} datasets published")

    def harvest(self, what, source, compare=True, **expected):
        began = time.monotonic()
        self.house.proxy.pages = 0
        stats = self.ckan.harvest(source)
        for name, number in {"errored": 0, **expected}.items():
            self.same(f"{what}: {name}", stats.get(name, 0), number)
        if compare:
            there, ours = self.ckan.guids(source), self.house.iris()
            self.same(f"{what}: only there", sorted(there - ours)[:5], [])
            self.same(f"{what}: only here", sorted(ours - there)[:5], [])
            self.same(f"{what}: as many as COUNT says", len(there), self.house.count())
        print(f"{what}: {self.house.proxy.pages} pages, {time.monotonic() - began:.0f} s; {stats}", flush=True)

    def same(self, what, found, expected):
        if found != expected:
            self.failures.append(f"{what}: found {found}, expected {expected}")
            print("NOT SO:", self.failures[-1], flush=True)


def keys(first, number, count):
    return [f"{(first + n * 13) % number:05}" for n in range(count)]


def iri(key):
    return f"https://centre.example/{TRIAL}/{key}"


def package(key, version):
    resource = f' ; dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://centre.example/{key}.csv> ; dct:title "rows"@en ]'
    return (
        f'<{iri(key)}> a dcat:Dataset ; dct:identifier "{key}" ; dct:title "Dataset {key}, version {version}"@en ;'
        f' dct:description "Made for a trial."@en ; dcat:keyword "trial"@en ; dct:publisher <https://centre.example/>{resource} .\n'
    )


class House:
    """A harvestd with one source that is pushed to, behind a proxy at its public_url."""

    def __init__(self, program, folder):
        self.port, public, admin = free_port(), free_port(), free_port()
        self.public = f"http://127.0.0.1:{public}/"
        self.config = os.path.join(folder, "harvestd.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(public=self.public, port=self.port, admin=admin, folder=folder))
        said = subprocess.run([program, "token", "new", "centre", "--json", "--config", self.config], capture_output=True, text=True, check=True)
        self.token = json.loads(said.stdout)["token"]
        self.log = open(os.path.join(folder, "log"), "w", encoding="utf-8")
        self.process = subprocess.Popen([program, "serve", "--config", self.config], stdout=self.log, stderr=self.log)
        self.proxy = Proxy(public, self.port)
        deadline = time.monotonic() + 60
        while not self.healthy():
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit("harvestd does not start: " + open(self.log.name, encoding="utf-8").read()[-2000:])
            time.sleep(0.1)

    def healthy(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status == 200
        except OSError:
            return False

    def push(self, datasets):
        body = (PREFIXES + "".join(datasets)).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/turtle"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/push/centre", body, headers, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"a push is refused: {error.read().decode()[:2000]}")

    def select(self, query):
        question = urllib.parse.urlencode({"query": query})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/sparql?{question}", headers={"Accept": "application/sparql-results+json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["results"]["bindings"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return []
            raise

    def iris(self):
        return {row["d"]["value"] for row in self.select("SELECT ?d { ?d a <http://www.w3.org/ns/dcat#Dataset> }")}

    def count(self):
        rows = self.select("SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }")
        return int(rows[0]["n"]["value"]) if rows else 0

    def wait_for(self, number):
        deadline = time.monotonic() + 120
        while self.count() != number:
            if time.monotonic() > deadline:
                sys.exit(f"not visible in time: {self.count()} datasets, expected {number}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.proxy.server.shutdown()


class Proxy:
    """Passes requests on, counts pages, and does something before the answer to one of them."""

    def __init__(self, port, to, counted="/catalog.ttl"):
        self.pages, self.page, self.what, self.done, proxy = 0, None, None, False, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith(counted) and self.command == "GET":
                    proxy.pages += 1
                    if proxy.pages == proxy.page and not proxy.done:
                        proxy.what()
                        proxy.done = True
                request = urllib.request.Request(f"http://127.0.0.1:{to}{self.path}", method=self.command)
                for name in ("Accept", "If-None-Match"):
                    if self.headers.get(name):
                        request.add_header(name, self.headers[name])
                try:
                    answer = urllib.request.urlopen(request, timeout=120)
                except urllib.error.HTTPError as error:
                    answer = error
                body = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                if self.command == "GET":
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, page, what):
        self.pages, self.page, self.what, self.done = 0, page, what, False


class Ckan:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, action, **body):
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/3/action/{action}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{action}: {error.read().decode()[:600]}") from None

    def answers(self):
        try:
            return bool(self.call("status_show"))
        except OSError:
            return False

    def source(self, url, name):
        try:
            self.call("organization_create", name="dcat-rdf-trial", title="A trial")
        except RuntimeError as error:
            assert "already" in str(error), error
        config = json.dumps({"rdf_format": "text/turtle"})
        made = self.call("harvest_source_create", url=url, name=name, title=name, source_type="dcat_rdf", owner_org="dcat-rdf-trial", config=config)
        return made["id"]

    def harvest(self, source):
        job = self.call("harvest_job_create", source_id=source, run=True)["id"]
        deadline = time.monotonic() + 1800
        while time.monotonic() < deadline:
            time.sleep(2)
            self.call("harvest_jobs_run", source_id=source)
            shown = self.call("harvest_job_show", id=job)
            if shown["status"] == "Finished":
                if shown["gather_error_summary"]:
                    print("gathering failed:", shown["gather_error_summary"])
                return shown["stats"]
        sys.exit("a harvest did not end in half an hour")

    def guids(self, source):
        """IRIs of the datasets that this source's harvests keep there."""
        found, start = set(), 0
        while True:
            page = self.call("package_search", fq=f'harvest_source_id:"{source}"', rows=500, start=start)["results"]
            found |= {extra["value"] for package in page for extra in package["extras"] if extra["key"] == "guid"}
            start += len(page)
            if not page:
                return found

    def clear(self, source):
        self.call("harvest_source_clear", id=source)
        self.call("package_delete", id=source)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PREFIXES = """@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
<https://centre.example/> a foaf:Agent ; foaf:name "The centre"@en .
"""

CONFIG = """public_url = "{public}"
data_dir = "{folder}/data"
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:{admin}"

[limits.gate]
removed_percent_max = 50

[[source]]
id = "centre"
kind = "push"
url = "https://centre.example/"
title = {{ en = "A centre that pushes" }}
"""

if __name__ == "__main__":
    main()
