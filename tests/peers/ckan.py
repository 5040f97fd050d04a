#!/usr/bin/env python3
"""Harvests a real CKAN that holds 1,000 packages, changes it, harvests again, and compares what came with what is there.

    python tests/peers/ckan.py --harvestd target/debug/harvestd --token FILE [--url http://127.0.0.1:25000] [--packages 1000]

Needs a running CKAN on loopback and a file with a sysadmin's token; without an answer it says so and ends with 0. The
packages are those of recorded portals where ../shared is there (the CKAN gets them by package_create, so that ids, dates
and search index are its own), else invented ones. After each step the titles that SPARQL gives are compared with those
that the CKAN's own package_search gives: first harvest; nothing changed; 20 changed, 5 new; 3 deleted; killed half-way;
and, where the CKAN has ckanext-dcat, its /catalog.ttl through the connector for DCAT. Start reading at main().
"""
import argparse, collections, gzip, json, os, random, re, shutil, signal, subprocess, sys, tempfile, time
import urllib.error, urllib.parse, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(HERE, "../../../shared/corpora/ckan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--url", default="http://127.0.0.1:25000")
    parser.add_argument("--token", required=True, help="a file with the token of a sysadmin")
    parser.add_argument("--packages", type=int, default=1000)
    options = parser.parse_args()
    ckan = Ckan(options.url, open(options.token, encoding="utf-8").read().strip())
    if not ckan.answers():
        print(f"SKIPPED: no CKAN answers at {options.url}")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-ckan-")
    try:
        Trial(options, ckan, folder).whole()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Trial:
    def __init__(self, options, ckan, folder):
        self.options, self.ckan, self.failures = options, ckan, []
        self.config = os.path.join(folder, "harvestd.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(url=options.url, folder=folder))

    def whole(self):
        began = time.monotonic()
        made = self.ckan.fill(self.options.packages)
        print(f"the CKAN holds {len(self.ckan.packages())} packages ({made} made now, {time.monotonic() - began:.0f} s)")
        first = self.step("first harvest", "new")
        self.same("nothing is refused", first["counts"]["refused"], 0)
        self.step("nothing changed", "unchanged", changed=0)
        self.ckan.change(20)
        self.ckan.create([invented(f"trial-{time.time_ns()}-{n}") for n in range(5)])
        self.step("20 changed, 5 new", "changed", new=5, changed=20)
        self.ckan.delete(3)
        # A CKAN does not tell deletions among its changes: everything is asked for.
        self.step("3 deleted", "removed", full=True)
        self.killed()
        self.by_dcat()
        if self.failures:
            sys.exit("FAILED:\n  " + "\n  ".join(self.failures))
        print("all as the CKAN has it")

    def step(self, what, word, full=False, **expected):
        report = json.loads(self.harvestd("run", "ckan", *["--full"] * full, "--json").stdout)
        counts = report["counts"]
        for name, number in expected.items():
            self.same(f"{what}: {name}", counts[name], number)
        self.compare(what, "ckan")
        print(f"{what}: {report['requests']} requests; " + ", ".join(f"{k} {v}" for k, v in counts.items() if v))
        return report

    def compare(self, what, source):
        """Every package of the CKAN, by name and title, and nothing else."""
        have = collections.Counter(self.titles(source))
        want = collections.Counter(plain(package["title"]) for package in self.ckan.packages())
        self.same(f"{what}: titles only here", list((have - want).items())[:5], [])
        self.same(f"{what}: titles only there", list((want - have).items())[:5], [])

    def titles(self, source):
        query = TITLES % source
        rows = json.loads(self.harvestd("query", "--format", "json", query).stdout)["results"]["bindings"]
        return [plain(row["title"]["value"]) for row in rows]

    def killed(self):
        """Killed while it asks: nothing is lost, and the next run is whole."""
        before = collections.Counter(self.titles("ckan"))
        command = [self.options.harvestd, "run", "ckan", "--full", "--config", self.config]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        self.same("killed: while it runs", process.poll(), None)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        self.same("killed: titles", collections.Counter(self.titles("ckan")), before)
        self.step("after the kill", "unchanged", full=True, changed=0, new=0)

    def by_dcat(self):
        try:
            with urllib.request.urlopen(self.options.url + "/catalog.ttl", timeout=60):
                pass
        except urllib.error.HTTPError:
            print("SKIPPED: this CKAN has no /catalog.ttl")
            return
        report = json.loads(self.harvestd("run", "dcat", "--json").stdout)
        self.compare("by /catalog.ttl", "dcat")
        print(f"by /catalog.ttl: {report['requests']} requests; " + ", ".join(f"{k} {v}" for k, v in report["counts"].items() if v))

    def harvestd(self, *words):
        command = [self.options.harvestd, *words, "--config", self.config, "--log", "error"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def same(self, what, found, expected):
        if found != expected:
            self.failures.append(f"{what}: found {found}, expected {expected}")


class Ckan:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, action, **body):
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/3/action/{action}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise Refused(action, error.read().decode()[:400]) from None

    def answers(self):
        try:
            return bool(self.call("status_show"))
        except OSError:
            return False

    def packages(self):
        found = []
        while True:
            page = self.call("package_search", rows=500, start=len(found), sort="id asc")["results"]
            found += page
            if not page:
                return found

    def fill(self, number):
        there = len(self.packages())
        self.organisations = {o for o in self.call("organization_list")}
        return self.create(stock(), number - there) if there < number else 0

    def create(self, packages, number=None):
        made = 0
        for package in packages:
            if number is not None and made >= number:
                break
            package["owner_org"] = self.organisation(package.pop("organisation", "trial"))
            try:
                self.call("package_create", **package)
                made += 1
            except Refused as refused:
                print(f"the CKAN refuses {package['name']}: {refused}")
        return made

    def organisation(self, name):
        self.organisations = getattr(self, "organisations", set())
        if name not in self.organisations:
            try:
                self.call("organization_create", name=name, title=name.replace("-", " ").title())
            except Refused as refused:
                assert "already" in str(refused), refused
            self.organisations.add(name)
        return name

    def change(self, number):
        for n, package in enumerate(random.Random(time.time_ns()).sample(self.packages(), number)):
            self.call("package_patch", id=package["id"], title=f"{package['title']} ({n})", notes=f"changed {time.time_ns()}")

    def delete(self, number):
        for package in random.Random(time.time_ns()).sample(self.packages(), number):
            self.call("package_delete", id=package["id"])


class Refused(Exception):
    pass


def stock():
    """Packages of recorded portals in the form that package_create takes. A name is used up even when its package is deleted."""
    trial = f"-{int(time.time())}"
    if not os.path.isdir(SHARED):
        print("SKIPPED: ../shared not present: the packages are invented")
        yield from (invented(f"invented-{n}") for n in range(100_000))
        return
    with gzip.open(f"{SHARED}/dados-gov-br/package_search_q=_2A_3A_2A_rows=800.json.gz", "rt", encoding="utf-8") as file:
        recorded = json.load(file)["result"]["results"]
    with gzip.open(f"{SHARED}/opendataphilly/opendataphilly-datasets.jsonl.gz", "rt", encoding="utf-8") as file:
        recorded += [json.loads(line) for line in file]
    for package in recorded:
        yield {**creatable(package), "name": package["name"][: 100 - len(trial)] + trial}


def creatable(package):
    kept = {key: package[key] for key in ("name", "title", "notes", "url", "version", "license_id") if package.get(key)}
    kept["title"] = kept.get("title") or kept["name"]
    organisation = (package.get("organization") or {}).get("name") or "trial"
    tags = {re.sub(r"[^\w \-.]", "", tag["name"]).strip()[:100] for tag in package.get("tags", [])}
    kept["tags"] = [{"name": tag} for tag in sorted(tags) if len(tag) > 1]
    extras = {extra["key"]: extra["value"] for extra in package.get("extras", []) if extra.get("value")}
    kept["extras"] = [{"key": key, "value": str(value)} for key, value in extras.items()]
    kept["resources"] = [
        {key: resource[key] for key in ("name", "url", "format", "description", "mimetype") if resource.get(key)}
        for resource in package.get("resources", [])
        if resource.get("url")
    ]
    return {**kept, "organisation": re.sub(r"[^a-z0-9_-]", "-", organisation.lower())[:100]}


def invented(name):
    resource = {"url": f"https://data.example/{name}.csv", "format": "CSV", "name": "all rows"}
    return {"name": name, "title": f"Trial {name}", "notes": "made for a trial", "resources": [resource]}


def plain(title):
    """Without runs of white space; bytes of Windows-1252 that the portal keeps as Latin-1 as they were meant."""
    meant = lambda c: c.encode("latin-1").decode("cp1252", "ignore") if "\x80" <= c <= "\x9f" else c
    return " ".join("".join(map(meant, title)).split())


CONFIG = """public_url = "http://127.0.0.1:8999/"
data_dir = "{folder}/data"

[[source]]
id = "ckan"
kind = "ckan"
url = "{url}"
title = {{ en = "A CKAN on loopback" }}
schedule = "0 3 * * *"
[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 50.0

[[source]]
id = "dcat"
kind = "dcat"
url = "{url}/catalog.ttl"
title = {{ en = "The same by DCAT" }}
schedule = "0 4 * * *"
[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 50.0
"""

TITLES = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
SELECT ?title WHERE {
  { ?record foaf:primaryTopic ?dataset . ?dataset a dcat:Dataset ; dct:title ?title }
  UNION { GRAPH ?g { ?record foaf:primaryTopic ?dataset . ?dataset a dcat:Dataset ; dct:title ?title } }
  FILTER(STRSTARTS(STR(?record), "http://127.0.0.1:8999/record/%s/"))
}"""

if __name__ == "__main__":
    main()
