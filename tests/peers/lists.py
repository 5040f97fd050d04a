#!/usr/bin/env python3
"""Asks a running demo for lists of datasets with clients that others wrote: Sickle, feedparser, schemathesis.

    python tests/peers/lists.py --harvestd target/debug/harvestd

Needs a Python that has sickle and feedparser; without them, it says so and ends with 0. schemathesis is asked where it is
installed and ../shared/corpora/taiwan/interchange is present. Everything is on loopback and in a temporary folder. What each
client gets is compared with what SPARQL counts. Start reading at main().
"""
import argparse, glob, json, os, shutil, signal, subprocess, sys, tempfile, time, urllib.parse, urllib.request

INTERCHANGE = "../shared/corpora/taiwan/interchange/政府資料開放跨平臺介接規範.yaml"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    options = parser.parse_args()
    try:
        import feedparser, sickle  # noqa: F401
    except ImportError:
        print("SKIPPED: this Python has no sickle and feedparser, so no client of others asked")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-lists-")
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
        schemathesis(base)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


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
    said = []
    for prefix in ["oai_dc", "dcat"]:
        records = list(client.ListRecords(metadataPrefix=prefix))
        live = [record for record in records if not record.deleted]
        assert len({record.header.identifier for record in records}) == len(records)
        assert len(live) == count(base, "?d a dcat:Dataset"), (prefix, len(live))
        said.append("%d live, %d deleted in %s" % (len(live), len(records) - len(live), prefix))
    for one in client.ListSets():
        headers = client.ListIdentifiers(metadataPrefix="dcat", set=one.setSpec, ignore_deleted=True)
        listed = count(base, "<%scatalog/%s> dcat:dataset ?d . ?d a dcat:Dataset" % (base, one.setSpec))
        try:
            found = len(list(headers))
        except sickle.oaiexceptions.NoRecordsMatch:
            found = 0
        assert found == listed, (one.setSpec, found, listed)
    return "Sickle: " + "; ".join(said) + "; every set as SPARQL counts it"


def atom(base):
    import feedparser
    address, entries = base + "atom.xml", []
    while address:
        feed = feedparser.parse(address)
        assert not feed.bozo, feed.bozo_exception
        entries += feed.entries
        address = next((link.href for link in feed.feed.links if link.rel == "next"), None)
    times = [entry.updated_parsed for entry in entries]
    assert times == sorted(times, reverse=True)
    assert len({entry.id for entry in entries}) == len(entries) == count(base, "?d a dcat:Dataset")
    return "feedparser: %d entries, the newest first" % len(entries)


def interchange(base):
    listed = get(base + "api/v1/rest/dataset")["result"]
    assert len(set(listed)) == len(listed)
    for identifier in listed:
        one = get(base + "api/v1/rest/dataset/" + urllib.parse.quote(identifier, safe=""))
        assert one["success"] and one["result"]["identifier"] == identifier, one
        assert {"publisherOID", "publisherOrgCode"} <= set(one["result"])
    portals = {source["id"] for source in get(base + "status")["sources"] if source["portal"]}
    kept = "?d a dcat:Dataset . ?r <http://xmlns.com/foaf/0.1/primaryTopic> ?d " + "".join(
        'FILTER(!STRSTARTS(STR(?r), "%srecord/%s/"))' % (base, portal) for portal in portals)
    assert len(listed) == count(base, kept), (len(listed), portals)
    return "interchange: %d datasets, each with its fields, without those of %s" % (len(listed), ", ".join(portals) or "no portal")


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
