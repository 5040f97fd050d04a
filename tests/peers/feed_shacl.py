"""Validates every activity of our feed against the shapes of DCAT-AP Feeds and of DCAT-AP 3, and says whose fault what fails is.

    python tests/peers/feed_shacl.py --harvestd target/debug/harvestd [--every 50 | --whole]

Needs a Python that has pyshacl, rdflib and pyoxigraph, and the shapes under ../shared/standards; without them it says so
and ends with 0. The feed is that of the federation of shacl.py (recorded answers of every kind of source, the national
export, portals' lists, something pushed, Taiwan's shared agencies), and then that of the demo, whose catalogues change
while they are harvested. It is walked as any client walks it, from /feed along tree:relation.

A page mixes versions of one dataset, so an activity is validated with its own graph alone, and with what DCAT and the others
say of their own classes. Whatever fails must be in LACKS,
by the class of the node, the path and the constraint, and for sources that are known to lack it; nothing of our own
catalogues and their records may be there, and nothing of an activity itself; else it ends with 1. Start reading at main().
"""
import argparse, collections, json, os, shutil, signal, subprocess, sys, tempfile, time, urllib.error, urllib.request

from federation import ROOT, Federation, free_port
from shacl import AXIOMS, FOAF, SH, TYPE, short

SHAPES = [os.path.join(ROOT, "../shared/standards", name) for name in ("ldes/shape.ttl", "dcat-ap/3.0.0/html/shacl/shapes.ttl")]
AS, TREE = "https://www.w3.org/ns/activitystreams#", "https://w3id.org/tree#"
WAIT_S = 120

# (class of the focus node, path, constraint) -> the sources of which it is known, and why it stays.
OWN = "the source's own catalogue, which it does not describe"
LACKS = {
    ("dcat:CatalogRecord", "dct:modified", "MinCount"): (
        ("air", "centre", "city", "demo-dcat", "feed", "taipei-list-2018"), "the source's: it gives no date of its entries"),
    ("dcat:Catalog", "dct:title", "MinCount"): (("centre",), OWN),
    ("dcat:Catalog", "dct:description", "MinCount"): (("centre", "city"), OWN),
    ("dcat:Catalog", "dct:publisher", "MinCount"): (("centre", "city"), OWN),
    ("dcat:Dataset", "dct:description", "MinCount"): (
        ("centre", "city", "feed", "national", "taipei-list-2015", "taipei-list-2018"), "the source's: it has no description"),
    ("dcat:DatasetSeries", "dct:description", "MinCount"): (("city",), "the source's: it has no description"),
    ("dcat:DatasetSeries", "^dcat:inSeries", "MinCount"): (
        ("city", "demo-dcat"), "nobody's: its members say it, each in an activity of its own"),
    ("dcat:DataService", "dct:title", "MinCount"): (("city",), "the source's: it has an address alone"),
    ("dcat:Dataset", "foaf:page", "NodeKind"): (("taipei-list-2018",), "the source's: a word where an address belongs"),
    ("dcat:Distribution", "dcat:byteSize", "Datatype"): (
        ("demo-ckan", "demo-dcat"), "the shapes': 3.0.0 wants xsd:decimal, as DCAT 2 did; DCAT 3 and DCAT-AP 3.0.1 say xsd:nonNegativeInteger"),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--every", type=int, default=50, help="every Nth row of the export")
    parser.add_argument("--whole", action="store_true", help="every row of the export")
    options = parser.parse_args()
    try:
        import pyoxigraph, pyshacl, rdflib  # noqa: F401
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    if not all(map(os.path.exists, SHAPES)):
        print("SKIPPED: ../shared not present: no shapes")
        return
    harvestd, trial = os.path.abspath(options.harvestd), Trial()
    folder = tempfile.mkdtemp(prefix="harvestd-feed-shacl-")
    try:
        federation = Federation(folder, harvestd, 1 if options.whole else options.every)
        try:
            federation.harvest()
            with federation.serving() as daemon:
                daemon.push()
                trial.feed("the federation", federation.base)
        finally:
            federation.close()
        with Demo(harvestd, os.path.join(folder, "demo")) as base:
            trial.feed("the demo", base)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    trial.tell()


class Demo:
    """`harvestd demo`, once all its sources were harvested and have changed."""

    def __init__(self, harvestd, folder):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}/"
        words = ["demo", "--data-dir", folder, "--listen", f"127.0.0.1:{port}", "--admin-listen", "127.0.0.1:0", "--log", "error"]
        self.demo = subprocess.Popen([harvestd, *words], stdout=subprocess.DEVNULL)

    def __enter__(self):
        deadline = time.monotonic() + WAIT_S
        while not self.has_changed():
            if time.monotonic() > deadline or self.demo.poll() is not None:
                self.__exit__()
                sys.exit("FAILED: the demo does not change")
            time.sleep(0.5)
        return self.base

    def has_changed(self):
        """Every source was harvested, and something was created, updated and deleted."""
        query = f"ASK {{ GRAPH ?a {{ ?x a <{AS}Create> }} GRAPH ?b {{ ?y a <{AS}Update> }} GRAPH ?c {{ ?z a <{AS}Delete> }} }}"
        try:
            sources = json.loads(get(f"{self.base}status.json", "application/json"))["sources"]
            if not all((source["last"] or {}).get("outcome") == "complete" for source in sources):
                return False
            return b"true" in get(f"{self.base}sparql?query={urllib.request.quote(query)}", "application/sparql-results+json")
        except (OSError, urllib.error.URLError):
            return False

    def __exit__(self, *_):
        self.demo.send_signal(signal.SIGTERM)
        self.demo.wait(60)


class Trial:
    def __init__(self):
        import rdflib

        self.shapes = rdflib.Graph()
        for path in SHAPES:
            self.shapes.parse(path)
        self.results, self.failures = collections.defaultdict(list), []

    def feed(self, name, base):
        """Walks a whole feed and validates each member."""
        import pyoxigraph as ox

        began, members, failed, pages = time.monotonic(), 0, 0, 0
        sources, waiting, seen = collections.Counter(), [f"{base}feed"], set()
        while waiting:
            url = waiting.pop()
            if url in seen:
                continue
            seen.add(url)
            page, pages = ox.Store(), pages + 1
            page.load(get(url, "application/trig"), ox.RdfFormat.TRIG, base_iri=url)
            waiting += [quad.object.value for quad in page.quads_for_pattern(None, ox.NamedNode(TREE + "node"), None)]
            for quad in page.quads_for_pattern(None, ox.NamedNode(TREE + "member"), None):
                source, conforms = self.member(base, page, quad.object)
                members, failed = members + 1, failed + (not conforms)
                sources[source] += 1
        published = {source for source in sources if source}
        took = time.monotonic() - began
        print(f"\n{name}: {members} activities on {pages} pages, {members - failed} pass, {failed} do not, in {took:.0f} s")
        print("  " + ", ".join(f"{source} {count}" for source, count in sorted(sources.items())))
        if members == 0 or len(published) < 4:
            self.failures.append(f"{name}: {members} activities of {len(published)} sources are no feed of a federation")

    def member(self, base, page, activity):
        """The source of an activity, and whether it passes."""
        import pyoxigraph as ox, pyshacl, rdflib

        own = list(page.quads_for_pattern(activity, None, None, ox.DefaultGraph()))
        body = list(page.quads_for_pattern(None, None, None, activity))
        source, begin = "(deleted)", f"{base}record/"
        for quad in body:
            if quad.predicate.value == FOAF + "primaryTopic" and quad.subject.value.startswith(begin):
                source = quad.subject.value[len(begin) :].split("/")[0]
        data = rdflib.Graph().parse(data=AXIOMS, format="turtle")
        data.parse(data="\n".join(f"{quad.triple} ." for quad in own + body), format="nt")
        conforms, report, _ = pyshacl.validate(data, shacl_graph=self.shapes, do_owl_imports=False, inference="none")
        for result in report.subjects(rdflib.RDF.type, SH("ValidationResult")):
            node, value = report.value(result, SH("focusNode")), report.value(result, SH("value"))
            constraint = short(report.value(result, SH("sourceConstraintComponent"))).split(":")[-1].removesuffix("ConstraintComponent")
            classes = sorted(short(of) for of in data.objects(node, rdflib.URIRef(TYPE)))
            path = report.value(result, SH("resultPath"))
            inverse = report.value(path, SH("inversePath")) if path is not None else None
            path = f"^{short(inverse)}" if inverse is not None else short(path)
            key = (classes[0] if classes else "?", path, constraint)
            ours = str(node).startswith((f"{base}catalog/", f"{base}record/{source}/catalog:self", f"{base}activity/"))
            found = "nothing" if value is None else str(value)[:80]
            self.results[key].append((source, ours, str(node).replace(base, "…/"), found))
        return source, conforms

    def tell(self):
        print("\n| of | path | constraint | source | count | whose | one of them |\n|---|---|---|---|---|---|---|")
        for key, found in sorted(self.results.items()):
            sources, why = LACKS.get(key, ((), ""))
            by_source = collections.defaultdict(set)
            for source, ours, node, value in found:
                by_source[source, ours or source not in sources].add((node, value))
            for (source, ours), nodes in sorted(by_source.items()):
                node, value = min(nodes)
                if ours:
                    self.failures.append(f"{key} {source} {node}: {value}")
                print(f"| {' | '.join(key)} | {source} | {len(nodes)} | {'OURS' if ours else why} | {node}: {value} |")
        if self.failures:
            sys.exit("\nFAILED: not in the list of what sources lack:\n  " + "\n  ".join(self.failures[:50]))
        print("\nwhat fails is known, and the sources'")


def get(url, accept):
    request = urllib.request.Request(url, headers={"accept": accept})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return answer.read()


if __name__ == "__main__":
    main()
