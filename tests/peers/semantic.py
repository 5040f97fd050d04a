"""The doors of linked data, asked by clients that others wrote: the Graph Store Protocol and VoID by rdflib, pages and
sitemaps by extruct, schema.org against the shapes in schema_org.ttl by pyshacl, Croissant by mlcroissant, each where it is
installed.

    python tests/peers/semantic.py --harvestd target/debug/harvestd

Needs rdflib, extruct and requests. Starts the demo on loopback in a folder of its own, waits for its first harvests, and
ends it. Prints a line for each check, and ends with 1 where one failed.
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from xml.etree import ElementTree

import extruct
import requests
from rdflib import Graph, URIRef

VOID = "http://rdfs.org/ns/void#"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
PAGES = 40
failed = []


def check(what, found, expected):
    right = found == expected
    print(f"{'ok  ' if right else 'FAIL'} {what}: {found}" + ("" if right else f", expected {expected}"))
    if not right:
        failed.append(what)


def select(base, query):
    answer = requests.get(base + "sparql", params={"query": query}, headers={"Accept": "application/sparql-results+json"}, timeout=60)
    answer.raise_for_status()
    return [{name: cell["value"] for name, cell in row.items()} for row in answer.json()["results"]["bindings"]]


def number(base, pattern):
    return int(select(base, f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}")[0]["n"])


def of_one_snapshot(base, ask):
    """Asks again where the demo publishes in the middle."""
    for _ in range(20):
        before = requests.get(base + "catalog.ttl", stream=True, timeout=60).headers["Harvestd-Sequence"]
        found = ask()
        after = requests.get(base + "catalog.ttl", stream=True, timeout=60).headers["Harvestd-Sequence"]
        if before == after:
            return found
    sys.exit("the demo never stood still")


def graphs(base):
    def both():
        graph = Graph()
        graph.parse(base + "graph-store?default", format="turtle")
        return len(graph), number(base, "?s ?p ?o")

    ours, counted = of_one_snapshot(base, both)
    check("rdflib, ?default: triples", ours, counted)
    name = base + "graph/identity"
    graph = Graph()
    graph.parse(base + "graph-store?graph=" + requests.utils.quote(name, safe=""), format="turtle")
    check("rdflib, ?graph=: triples", len(graph), number(base, f"GRAPH <{name}> {{ ?s ?p ?o }}"))
    record = select(base, "SELECT ?r ?d { ?r a <http://www.w3.org/ns/dcat#CatalogRecord> ; <http://xmlns.com/foaf/0.1/primaryTopic> ?d . ?d a <http://www.w3.org/ns/dcat#Dataset> } LIMIT 1")[0]
    graph = Graph()
    graph.parse(base + "graph-store?graph=" + requests.utils.quote(record["r"], safe=""), format="turtle")
    check("the graph of a winner's record describes it", len(list(graph.triples((URIRef(record["d"]), None, None)))) > 3, True)
    check("an unknown graph", requests.head(base + "graph-store?graph=urn:x:none", timeout=60).status_code, 404)
    check("a write", requests.put(base + "graph-store?default", data="", timeout=60).status_code, 405)


def void(base):
    def both():
        graph = Graph()
        graph.parse(base + ".well-known/void", format="turtle")
        told = {str(c): int(n) for c, n in graph.query(f"SELECT ?c ?n {{ ?p <{VOID}class> ?c ; <{VOID}entities> ?n }}")}
        counted = {row["c"]: int(row["n"]) for row in select(base, "SELECT ?c (COUNT(*) AS ?n) { ?s a ?c } GROUP BY ?c")}
        return told == counted, len(counted)

    same, classes = of_one_snapshot(base, both)
    check(f"VoID, entities of {classes} classes equal to COUNT", same, True)


def crawl(base):
    index = ElementTree.fromstring(requests.get(base + "sitemap.xml", timeout=60).content)
    addresses = []
    for sitemap in index.iter(SITEMAP + "loc"):
        urls = ElementTree.fromstring(requests.get(sitemap.text, timeout=60).content)
        addresses += [url.find(SITEMAP + "loc").text for url in urls]
        check("every address has its lastmod", all(url.find(SITEMAP + "lastmod") is not None for url in urls), True)
    datasets = number(base, "?d a <http://www.w3.org/ns/dcat#Dataset> . ?r <http://xmlns.com/foaf/0.1/primaryTopic> ?d ; a <http://www.w3.org/ns/dcat#CatalogRecord>")
    check("addresses in the sitemaps", len(addresses), datasets)
    wrong = []
    for address in addresses[:: max(1, len(addresses) // PAGES)]:
        page = requests.get(address, headers={"Accept": "text/html"}, timeout=60)
        found = extruct.extract(page.text, base_url=address, syntaxes=["json-ld"])["json-ld"]
        good = len(found) == 1 and found[0]["@type"] == "Dataset" and found[0]["url"] == address and found[0].get("name")
        relative = [v for v in walk(found) if isinstance(v, tuple) and not v[1].startswith(("http://", "https://"))]
        if not good or relative:
            wrong.append((address, relative))
    check("extruct: pages without a whole Dataset of absolute addresses", wrong, [])


def shapes(base):
    try:
        import pyshacl
    except ImportError:
        print("SKIPPED: pyshacl is not installed; no schema.org was validated")
        return
    shacl = "http://www.w3.org/ns/shacl#"
    rules = Graph().parse(os.path.join(os.path.dirname(os.path.abspath(__file__)), "schema_org.ttl"), format="turtle")

    def broken(documents):
        graph = Graph()
        for document in documents:
            # The context of schema.org is at schema.org: nothing is asked of other hosts.
            graph.parse(data=json.dumps({**document, "@context": {"@vocab": "https://schema.org/"}}), format="json-ld")
        _, results, _ = pyshacl.validate(graph, shacl_graph=rules, allow_warnings=True)
        query = f"SELECT ?s ?node ?path ?why {{ ?r <{shacl}resultSeverity> ?s ; <{shacl}focusNode> ?node ; <{shacl}sourceConstraintComponent> ?why . OPTIONAL {{ ?r <{shacl}resultPath> ?path }} }}"
        found = [(str(row.s).split("#")[1], str(row.node), str(row.path), str(row.why).split("#")[1]) for row in results.query(query)]
        return [row[1:] for row in found if row[0] == "Violation"], [row[1:] for row in found if row[0] == "Warning"]

    records = select(base, "SELECT ?r { ?r a <http://www.w3.org/ns/dcat#CatalogRecord> ; <http://xmlns.com/foaf/0.1/primaryTopic> ?d . ?d a <http://www.w3.org/ns/dcat#Dataset> }")
    documents = []
    for row in records:
        answer = requests.get(row["r"], params={"format": "schemaorg"}, timeout=60)
        if answer.status_code == 200:
            documents.append(answer.json())
    wrong, warned = broken(documents)
    check(f"pyshacl: what schema.org does not know in {len(documents)} datasets", sorted(set(wrong))[:20], [])
    check("every dataset has the form", len(documents), len(records))
    print(f"     and {len(warned)} times something that search engines only recommend")

    def spoil(change):
        document = copy.deepcopy(next(d for d in documents if "distribution" in d and "publisher" in d))
        change(document)
        return len(broken([document])[0]) > 0

    spoiled = {
        "no name": lambda d: d.pop("name"),
        "a relative address": lambda d: d.update(url="/record/1"),
        "a member that schema.org has not": lambda d: d.update(dataQuality="good"),
        "a time of another's": lambda d: d.update(dateModified="2020-01-01"),
        "a publisher that is a text": lambda d: d.update(publisher="Office"),
        "a file without an address": lambda d: d.update(distribution={"@type": "DataDownload", "@id": "http://x.example/1", "name": "1"}),
    }
    check("the shapes refuse what is spoiled", [what for what, change in spoiled.items() if not spoil(change)], [])


def croissant(base):
    try:
        import mlcroissant
    except ImportError:
        print("SKIPPED: mlcroissant is not installed; no Croissant was validated")
        return
    records = select(base, "SELECT ?r { ?r a <http://www.w3.org/ns/dcat#CatalogRecord> ; <http://xmlns.com/foaf/0.1/primaryTopic> ?d . ?d a <http://www.w3.org/ns/dcat#Dataset> }")
    loadable, wrong = 0, []
    for row in records:
        answer = requests.get(row["r"], params={"format": "croissant"}, timeout=60)
        if answer.status_code == 406:
            continue
        try:
            dataset = mlcroissant.Dataset(jsonld=answer.json())
            good = len(dataset.metadata.distribution) > 0
        except Exception as error:  # whatever it complains of is what we want to see
            good = False
            print(error)
        loadable += 1
        if not good:
            wrong.append(row["r"])
    check(f"mlcroissant: errors in {loadable} of {len(records)} datasets that have the form", wrong, [])
    check("some datasets have the form", loadable > 20, True)


def walk(value, name=None):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, name)
    elif name in ("url", "contentUrl", "sameAs", "@id"):
        yield (name, value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--harvestd", required=True)
    arguments = parser.parse_args()
    port = 18379
    base = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.abspath(arguments.harvestd), "demo", "--data-dir", folder, "--listen", f"127.0.0.1:{port}", "--admin-listen", "127.0.0.1:0"]
        demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(240):
                time.sleep(0.5)
                try:
                    if number(base, "?d a <http://www.w3.org/ns/dcat#Dataset>") >= 200:
                        break
                except (requests.RequestException, IndexError):
                    pass
            else:
                sys.exit("the demo did not harvest")
            graphs(base)
            void(base)
            crawl(base)
            shapes(base)
            croissant(base)
        finally:
            demo.terminate()
            demo.wait(30)
    sys.exit(1 if failed else 0)


main()
