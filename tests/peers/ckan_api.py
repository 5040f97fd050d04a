#!/usr/bin/env python3
"""A real CKAN harvests us by its `ckan` harvester, twice with changes in between; ckanapi's answers are compared with COUNT.

    python tests/peers/ckan_api.py --harvestd target/debug/harvestd --token FILE
        [--url http://127.0.0.1:25000] [--rows 1000] [--listen 127.0.0.1:8997]

Needs Python with ckanapi, and a running CKAN on loopback with ckanext-harvest, its workers, and a file with a sysadmin's
token. Without ckanapi or an answer of the CKAN those steps are skipped, which it says; it ends with 0 then. harvestd harvests
rows of the recorded national export where ../shared is there, else invented ones. CKAN harvests three times: everything; with
updates, new ones and deletions in between; and once while a run is published in the middle of its paging. That harvester of
CKAN never deletes: what we delete stays there, and is counted. Start reading at main().
"""
import argparse, gzip, http.server, json, os, shutil, signal, subprocess, sys, tempfile, threading, time
import urllib.error, urllib.parse, urllib.request

from dcat_rdf import Proxy, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORT = os.path.join(HERE, "../../../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz")
CHANGED, NEW, GONE = 20, 10, 15


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--url", default="http://127.0.0.1:25000")
    parser.add_argument("--token", help="a file with the token of a sysadmin")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--listen", default="127.0.0.1:8997")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="harvestd-ckan-api-")
    ministry = Ministry(options.rows + 2 * NEW)
    house = House(options, folder, ministry)
    failures = []
    try:
        ministry.show(0, options.rows)
        house.run()
        by_ckanapi(house, failures)
        by_harvester(options, ministry, house, failures)
    finally:
        house.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if failures:
        sys.exit("FAILED:\n  " + "\n  ".join(failures))
    print("all as it should be")


def by_ckanapi(house, failures):
    """Every action by CKAN's own client library, its counts beside those of SPARQL."""
    try:
        import ckanapi
    except ImportError:
        print("SKIPPED: this Python has no ckanapi")
        return
    portal = ckanapi.RemoteCKAN(house.direct, user_agent="harvestd-trial")
    call = portal.action
    datasets = house.count("?d a dcat:Dataset")
    names = call.package_list()
    same(failures, "package_list", len(names), datasets)
    same(failures, "package_search count", call.package_search(rows=0)["count"], datasets)
    paged, start = set(), 0
    while page := call.package_search(rows=300, start=start, sort="id asc")["results"]:
        paged |= {package["id"] for package in page}
        start += len(page)
    same(failures, "package_search, page by page", len(paged), datasets)
    current = sum(len(call.current_package_list_with_resources(limit=400, offset=n)) for n in range(0, datasets, 400))
    same(failures, "current_package_list_with_resources", current, datasets)
    same(failures, "package_search(fq=res_format:CSV)", call.package_search(fq="res_format:CSV", rows=0)["count"],
         house.count("?d a dcat:Dataset ; dcat:distribution ?x . ?x dct:format file:CSV"))
    groups = call.group_list(all_fields=True)
    for group in groups[:5]:
        iri = call.group_show(id=group["name"])["extras"][0]["value"]
        same(failures, f"group {group['name']}", group["package_count"], house.count(f"?d a dcat:Dataset ; dcat:theme <{iri}>"))
    organizations = call.organization_list(all_fields=True, include_dataset_count=True)
    with_publisher = house.count("?d a dcat:Dataset ; dct:publisher ?p")
    same(failures, "datasets of all organizations", sum(o["package_count"] for o in organizations), with_publisher)
    first = call.package_show(id=names[0])
    same(failures, "package_show by id", call.package_show(id=first["id"]), first)
    uri = next(extra["value"] for extra in first["extras"] if extra["key"] == "uri")
    same(failures, "package_show by IRI", call.package_show(id=uri), first)
    resources = house.count("?d a dcat:Dataset ; dcat:distribution ?x", "?x")
    found = sum(len(p["resources"]) for n in range(0, datasets, 1000) for p in call.package_search(rows=1000, start=n, sort="id asc")["results"])
    same(failures, "resources", found, resources)
    shown = call.resource_show(id=first["resources"][0]["id"])
    same(failures, "resource_show", shown, first["resources"][0])
    facets = call.package_search(rows=0, **{"facet.field": '["license_id"]', "facet.limit": -1})["search_facets"]
    same(failures, "licences", len(call.license_list()), len(facets["license_id"]["items"]))
    call.tag_list(), call.site_read(), call.help_show(name="package_search")
    same(failures, "status_show", call.status_show()["site_url"], house.url)
    for action, error in [("package_show", ckanapi.NotFound), ("organization_show", ckanapi.NotFound)]:
        try:
            getattr(call, action)(id="nothing-of-that-name")
            failures.append(f"{action} of nothing: no error")
        except error:
            pass
    try:
        call.package_search(fq="titel:x")
        failures.append("package_search of no field: no error")
    except ckanapi.SearchQueryError:
        pass
    print(f"ckanapi: {datasets} datasets, {resources} resources, {len(organizations)} organizations, {len(groups)} groups")


def by_harvester(options, ministry, house, failures):
    """CKAN takes all; then what changed; then what a run leaves that is published while CKAN pages."""
    if not options.token:
        print("SKIPPED: no --token")
        return
    ckan = Ckan(options)
    if not ckan.answers():
        print(f"SKIPPED: no CKAN answers at {options.url}")
        return
    source = ckan.source(house.url)
    try:
        harvest(failures, "first harvest", ckan, source, house, gone=0)
        ministry.show(GONE, options.rows + NEW, changed=CHANGED)
        house.run()
        harvest(failures, "second harvest", ckan, source, house, gone=GONE)
        title = ckan.call("package_show", id=ministry.changed_id(house))["title"]
        same(failures, "second harvest: a changed title", title.endswith("(changed)"), True)
        while_it_pages(options, ministry, house, failures, ckan, source)
    finally:
        ckan.clear(source)


def while_it_pages(options, ministry, house, failures, ckan, source):
    """A run is published between two pages. This harvester goes by offsets, so what is deleted before its place hides as many
    datasets from it as were deleted; it deletes nothing, and has them all after the next harvest."""
    before, kept = ckan.ids(source), house.ids()

    def publish():
        ministry.show(2 * GONE, options.rows + 2 * NEW, changed=2 * CHANGED)
        house.run()

    house.proxy.at(3, publish)
    stats, took = ckan.harvest(source)
    same(failures, "the run was published between two pages", house.proxy.done, True)
    same(failures, "while a run is published: errored", stats["errored"], 0)
    there, ours = ckan.ids(source), house.ids()
    same(failures, "while a run is published: deleted there", len(before - there), 0)
    same(failures, "while a run is published: what was there throughout is held", len((kept & ours) - there), 0)
    print(f"while a run is published: {stats}, {took:.0f} s; of {len(ours - kept)} new ones, {len((ours - kept) & there)} seen already")
    harvest(failures, "harvest after it", ckan, source, house, gone=2 * GONE)


def harvest(failures, what, ckan, source, house, gone):
    """No errors, all that we have and as we have it, and what went stays there. What a job says it added is not compared: a job
    hands objects that wait out again, and what comes a second time counts as not modified."""
    stats, took = ckan.harvest(source)
    same(failures, f"{what}: errored", stats["errored"], 0)
    there, ours = ckan.ids(source), house.ids()
    same(failures, f"{what}: as many as COUNT says", len(ours), house.count("?d a dcat:Dataset"))
    same(failures, f"{what}: not there", sorted(ours - there)[:5], [])
    same(failures, f"{what}: only there", len(there - ours), gone)
    print(f"{what}: {stats}, {took:.0f} s; {len(ours)} here, {len(there)} there", flush=True)
    start = 0
    while page := house.action("package_search", rows=200, start=start, sort="id asc")["results"]:
        start += len(page)
        for package in page:
            theirs = ckan.call("package_show", id=package["id"])
            for key in ("name", "title", "notes", "num_resources", "license_id"):
                same(failures, f"{what}: {key} of {package['name']}", theirs[key], package[key])
            same(failures, f"{what}: IRI of {package['name']}", extra(theirs, "uri"), extra(package, "uri"))


def extra(package, key):
    return next((extra["value"] for extra in package["extras"] if extra["key"] == key), None)


def same(failures, what, found, expected):
    if found != expected:
        failures.append(f"{what}: found {str(found)[:200]}, expected {str(expected)[:200]}")


class Ministry:
    """Gives an export away on loopback."""

    def __init__(self, number):
        if os.path.exists(EXPORT):
            with gzip.open(EXPORT, "rt", encoding="utf-8") as file:
                self.rows = json.load(file)[:number]
        else:
            print("SKIPPED: ../shared not present: the rows are invented")
            self.rows = [invented(n) for n in range(1, number + 1)]
        self.body = b"[]"
        ministry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(ministry.body)))
                self.end_headers()
                self.wfile.write(ministry.body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}/export.json"

    def show(self, first, end, changed=0):
        """Rows `first` to `end`; the titles of the first so many of them are changed."""
        self.first, rows = first, [dict(row) for row in self.rows[first:end]]
        for row in rows[:changed]:
            row["資料集名稱"] += " (changed)"
        self.body = json.dumps(rows).encode()

    def changed_id(self, house):
        iri = f"https://data.gov.tw/dataset/{self.rows[self.first]['資料集識別碼']}"
        return house.action("package_show", id=iri)["id"]


class House:
    """harvestd with one source, behind a proxy at its public_url, at which CKAN asks."""

    def __init__(self, options, folder, ministry):
        public = free_port()
        self.url, self.direct = f"http://127.0.0.1:{public}", f"http://{options.listen}"
        config = os.path.join(folder, "harvestd.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(public=self.url, listen=options.listen, folder=folder, url=ministry.url))
        command = [options.harvestd, "serve", "--json", "--config", config]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(f"{folder}/log", "w"), text=True)
        said = json.loads(self.process.stdout.readline())
        self.admin = f"http://{said['admin_listen']}"
        with open(f"{folder}/data/admin-token", encoding="utf-8") as file:
            self.token = file.read().strip()
        self.proxy = Proxy(public, options.listen.rsplit(":", 1)[1], "/api/3/action/package_search")

    def run(self):
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.admin}/sources/national/run?wait=true&full=true", b"", headers)
        with urllib.request.urlopen(request, timeout=900) as answer:
            report = json.load(answer)
        assert report["outcome"] == "complete", report

    def action(self, name, **parameters):
        with urllib.request.urlopen(f"{self.direct}/api/3/action/{name}?{urllib.parse.urlencode(parameters)}") as answer:
            return json.load(answer)["result"]

    def ids(self):
        return set(self.action("package_list"))

    def count(self, pattern, what="?d"):
        query = f"{PREFIXES} SELECT (COUNT(DISTINCT {what}) AS ?n) WHERE {{ {pattern} }}"
        request = urllib.request.Request(f"{self.direct}/sparql?{urllib.parse.urlencode({'query': query})}")
        request.add_header("Accept", "application/sparql-results+json")
        with urllib.request.urlopen(request) as answer:
            return int(json.load(answer)["results"]["bindings"][0]["n"]["value"])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.proxy.server.shutdown()


class Ckan:
    def __init__(self, options):
        self.url = options.url
        with open(options.token, encoding="utf-8") as file:
            self.token = file.read().strip()

    def call(self, action, **body):
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/3/action/{action}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{action}: {error.read().decode()[:600]}") from None

    def answers(self):
        try:
            return bool(self.call("status_show"))
        except OSError:
            return False

    def source(self, url):
        name = f"harvestd-{int(time.time())}"
        organization = self.call("organization_create", name=f"{name}-org", title="Trial")["id"]
        made = self.call("harvest_source_create", url=url, name=name, title=name, source_type="ckan", owner_org=organization,
                         frequency="MANUAL", config="{}")
        return made["id"]

    def harvest(self, source):
        began = time.monotonic()
        job = self.call("harvest_job_create", source_id=source, run=True)["id"]
        while time.monotonic() - began < 3600:
            time.sleep(5)
            self.call("harvest_jobs_run", source_id=source)  # closes jobs whose objects are all done
            shown = self.call("harvest_job_show", id=job)
            if shown["status"] == "Finished":
                if shown.get("gather_error_summary") or shown.get("object_error_summary"):
                    print("errors:", shown["gather_error_summary"][:3], shown["object_error_summary"][:3])
                return shown["stats"], time.monotonic() - began
        raise AssertionError("the job does not end")

    def ids(self, source):
        """Names of the datasets that this source's harvests keep there."""
        found, start = set(), 0
        while page := self.call("package_search", fq=f'harvest_source_id:"{source}"', rows=500, start=start)["results"]:
            found |= {package["name"] for package in page}
            start += len(page)
        return found

    def clear(self, source):
        self.call("harvest_source_clear", id=source)
        self.call("package_delete", id=source)


def invented(n):
    return {
        "資料集識別碼": str(n), "資料集名稱": f"資料 {n}", "資料提供屬性": "檔案下載", "服務分類": "生活安全及品質", "檔案格式": "CSV",
        "資料下載網址": f"https://ministry.example/{n}.csv", "資料集描述": f"第 {n} 列", "提供機關": "示範部", "更新頻率": "每1月",
        "授權方式": "政府資料開放授權條款-第1版", "上架日期": "2020-01-02 03:04:05",
    }


CONFIG = """public_url = "{public}/"
listen = "{listen}"
admin_listen = "127.0.0.1:0"
data_dir = "{folder}/data"

[[source]]
id = "national"
kind = "data_gov_tw"
url = "{url}"
title = {{ en = "National export" }}
language = "zh-Hant"
offset_minutes = 480
[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 100.0
"""

PREFIXES = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX file: <http://publications.europa.eu/resource/authority/file-type/>"""

if __name__ == "__main__":
    main()
