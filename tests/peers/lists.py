#!/usr/bin/env python3
"""Asks a running demo for lists of datasets with clients that others wrote: Sickle, feedparser, schemathesis.

    python tests/peers/lists.py --harvestd target/debug/harvestd [--whole]

Needs a Python that has sickle and feedparser; without them, it says so and ends with 0. schemathesis is asked where it is
installed and ../shared/corpora/taiwan/interchange is present. With --whole, the whole recorded national export is asked for
instead: every door that lists datasets, to its end. Everything is on loopback and in a temporary folder. What each client
gets is compared with what SPARQL counts. Start reading at main().
"""
import argparse, collections, glob, http.client, json, os, shutil, signal, subprocess, sys, tempfile, time
import urllib.parse, urllib.request
from xml.etree import ElementTree

from federation import EXPORT, Federation

INTERCHANGE = "../shared/corpora/taiwan/interchange/政府資料開放跨平臺介接規範.yaml"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--whole", action="store_true", help="the recorded national export, and not the demo")
    options = parser.parse_args()
    try:
        import feedparser, sickle  # noqa: F401
    except ImportError:
        print("SKIPPED: this Python has no sickle and feedparser, so no client of others asked")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-lists-")
    try:
        whole(options, folder) if options.whole else demo(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def whole(options, folder):
    if not os.path.exists(EXPORT):
        print("SKIPPED: ../shared not present: no export")
        return
    federation = Federation(folder, os.path.abspath(options.harvestd), alone=True)
    try:
        federation.harvest()
        with federation.serving():
            for check in (sitemaps, interchange, oai, atom, documents):
                began = time.monotonic()
                print(f"{check(federation.base)} ({time.monotonic() - began:.0f} s)", flush=True)
    finally:
        federation.close()


def demo(options, folder):
    command = [options.harvestd, "demo", "--json", "--data-dir", folder + "/data", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = daemon.stdout.readline()
        if not line:
            sys.exit("the demo did not start")
        base = "http://" + json.loads(line)["listen"] + "/"
        wait_for_deletions(base)
        # The demo changes under way: a comparison counts where nothing was published meanwhile.
        settled(base, oai)
        settled(base, atom)
        settled(base, interchange)
        settled(base, sitemaps)
        schemathesis(base)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)


def get(url, accept="application/json"):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as answer:
        return json.load(answer)


def count(base, pattern):
    query = "PREFIX dcat: <http://www.w3.org/ns/dcat#> SELECT (COUNT(DISTINCT ?d) AS ?n) { %s }" % pattern
    answer = get(base + "sparql?" + urllib.parse.urlencode({"query": query}), "application/sparql-results+json")
    return int(answer["results"]["bindings"][0]["n"]["value"])


def wait_for_deletions(base, seconds=240):
    """Until every source has been harvested and something was deleted."""
    import sickle
    end = time.time() + seconds
    while time.time() < end:
        try:
            sources = get(base + "status")["sources"]
            if all(source["last"] for source in sources):
                headers = sickle.Sickle(base + "oai").ListIdentifiers(metadataPrefix="dcat")
                if any(header.deleted for header in headers):
                    return
        except (OSError, KeyError, sickle.oaiexceptions.OAIError):
            pass
        time.sleep(1)
    print("nothing was deleted in %d seconds; going on without" % seconds)


def settled(base, check, tries=20):
    for _ in range(tries):
        before = get(base + "feed/state")["seq"]
        try:
            said = check(base)
        except AssertionError:
            if get(base + "feed/state")["seq"] == before:
                raise
            continue
        if get(base + "feed/state")["seq"] == before:
            print(said)
            return
    sys.exit("the demo never stood still for %s" % check.__name__)


def oai(base):
    import sickle
    client = sickle.Sickle(base + "oai")
    identity = client.Identify()
    assert identity.protocolVersion == "2.0" and identity.baseURL == base + "oai", identity.raw
    datasets, said = count(base, "?d a dcat:Dataset"), []
    for prefix in ["oai_dc", "dcat"]:
        live, deleted = set(), set()
        for record in client.ListRecords(metadataPrefix=prefix):
            header, place = record.header, deleted if record.deleted else live
            assert header.identifier not in live and header.identifier not in deleted, header.identifier
            place.add(header.identifier)
        assert len(live) == datasets and not live & deleted, (prefix, len(live), datasets)
        said.append("%d live, %d deleted in %s" % (len(live), len(deleted), prefix))
    sets = 0
    for one in client.ListSets():
        headers = client.ListIdentifiers(metadataPrefix="dcat", set=one.setSpec, ignore_deleted=True)
        listed = count(base, "<%scatalog/%s> dcat:dataset ?d . ?d a dcat:Dataset" % (base, one.setSpec))
        try:
            found = sum(1 for _ in headers)
        except sickle.oaiexceptions.NoRecordsMatch:
            found = 0
        assert found == listed, (one.setSpec, found, listed)
        sets += 1
    return "Sickle: %s; each of %d sets as SPARQL counts it" % ("; ".join(said), sets)


def atom(base):
    import feedparser
    address, times, ids, pages = base + "atom.xml", [], set(), 0
    while address:
        feed = feedparser.parse(address)
        assert not feed.bozo, feed.bozo_exception
        for entry in feed.entries:
            assert entry.id not in ids, entry.id
            ids.add(entry.id)
            times.append(entry.updated_parsed)
        address, pages = next((link.href for link in feed.feed.links if link.rel == "next"), None), pages + 1
    assert times == sorted(times, reverse=True)
    assert len(ids) == count(base, "?d a dcat:Dataset"), len(ids)
    return "feedparser: %d entries on %d pages, the newest first" % (len(ids), pages)


def interchange(base):
    listed = get(base + "api/v1/rest/dataset")["result"]
    assert len(set(listed)) == len(listed)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc, timeout=60)
    for identifier in listed:
        connection.request("GET", "/api/v1/rest/dataset/" + urllib.parse.quote(identifier, safe=""))
        one = json.load(connection.getresponse())
        assert one["success"] and one["result"]["identifier"] == identifier, one
        assert {"publisherOID", "publisherOrgCode"} <= set(one["result"])
    portals = {source["id"] for source in get(base + "status")["sources"] if source["portal"]}
    kept = "?d a dcat:Dataset . ?r <http://xmlns.com/foaf/0.1/primaryTopic> ?d " + "".join(
        'FILTER(!STRSTARTS(STR(?r), "%srecord/%s/"))' % (base, portal) for portal in portals)
    assert len(listed) == count(base, kept), (len(listed), portals)
    return "interchange: %d datasets, each with its fields, without those of %s" % (len(listed), ", ".join(sorted(portals)) or "no portal")


def sitemaps(base):
    space, addresses, files = "{http://www.sitemaps.org/schemas/sitemap/0.9}", collections.Counter(), 0
    with urllib.request.urlopen(base + "sitemap.xml") as answer:
        index = ElementTree.parse(answer)
    for sitemap in index.iter(space + "loc"):
        with urllib.request.urlopen(sitemap.text) as answer:
            urls = ElementTree.parse(answer).getroot()
        assert len(urls) < 50_000 and all(url.find(space + "lastmod") is not None for url in urls)
        addresses.update(url.find(space + "loc").text for url in urls)
        files += 1
    datasets = count(base, "?d a dcat:Dataset")
    assert len(addresses) == addresses.total() == datasets, (len(addresses), addresses.total(), datasets)
    every = max(1, datasets // 100)
    for address in list(addresses)[::every]:
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": "text/html"})) as answer:
            assert "application/ld+json" in answer.read().decode(), address
    return "sitemaps: %d addresses in %d files, each with lastmod; every %dth is a page with schema.org" % (datasets, files, every)


def documents(base):
    """The documents that are always whole, and the pages: as many datasets as there are."""
    import csv, io

    datasets = count(base, "?d a dcat:Dataset")
    with urllib.request.urlopen(base + "catalog.csv") as answer:
        rows = sum(1 for _ in csv.reader(io.TextIOWrapper(answer, encoding="utf-8-sig", newline=""))) - 1
    assert rows == datasets, (rows, datasets)
    told = get(base + "data.json")
    listed, left_out = len(told["dataset"]), told["harvestd:leftOut"]
    assert listed + left_out["datasets"] == datasets, (listed, left_out, datasets)
    return f"documents: {rows} rows in catalog.csv; {listed} datasets in data.json, left out {json.dumps(left_out)}"


def schemathesis(base):
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    if not os.path.exists(program) or not glob.glob(INTERCHANGE):
        print("SKIPPED: no schemathesis beside this Python, or ../shared not present")
        return
    command = [program, "run", os.path.abspath(INTERCHANGE), "--url", base + "api/v1", "--include-method", "GET", "--max-examples", "50",
               "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"]
    with tempfile.TemporaryDirectory() as folder:  # it leaves its findings where it runs
        subprocess.run(command, check=True, cwd=folder)
    print("schemathesis: no server error and no violation in what is read")


if __name__ == "__main__":
    main()
