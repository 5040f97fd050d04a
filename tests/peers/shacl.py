#!/usr/bin/env python3
"""Validates what a federation on loopback becomes against the shapes of DCAT-AP 3.0.1, and says whose fault what remains is.

    python tests/peers/shacl.py --harvestd target/debug/harvestd [--every 50 | --whole]

Needs a Python that has pyshacl, rdflib and pyoxigraph, and the shapes under ../shared/standards; without them it says so
and ends with 0. The real program harvests every Nth row of the recorded national export, two lists of Taipei's portal, an
answer of the interchange standard, one recorded catalogue of each kind of connector and one that is pushed, beside Taiwan's
shared agencies; then every node of the default graph is validated, with the types of what it refers to.

An IRI of which the catalogue says nothing (a file type of the EU, a page) has no type there, so `sh:class` cannot be judged
of it; such results are counted apart. Whatever else remains must be in LACKS, the list of what is known and why it stays,
and nothing of our own catalogues and their records may be there; else it ends with 1. Start reading at main().
"""
import argparse, collections, os, shutil, sys, tempfile, time, urllib.parse

from federation import ROOT, Federation

SHAPES = os.path.join(ROOT, "../shared/standards/dcat-ap/3.0.1/shacl/dcat-ap-SHACL.ttl")
SUBJECTS_AT_ONCE = 1500

# (class of the focus node, path, constraint) -> the sources of which it is known, and why it stays. Nothing is invented to
# please a shape.
LACKS = {
    ("dcat:CatalogRecord", "dct:modified", "MinCount"): (
        ("air", "centre", "city", "feed", "taipei-list-2018"), "the source's: it gives no date of its entries"),
    ("dcat:Catalog", "dct:title", "MinCount"): (("centre",), "the source's own catalogue, which it does not describe"),
    ("dcat:Catalog", "dct:description", "MinCount"): (("centre", "city"), "the source's own catalogue, which it does not describe"),
    ("dcat:Catalog", "dct:publisher", "MinCount"): (("centre", "city"), "the source's own catalogue, which it does not describe"),
    ("dcat:Dataset", "dct:description", "MinCount"): (
        ("centre", "city", "feed", "national", "taipei-list-2015", "taipei-list-2018"), "the source's: it has no description"),
    ("dcat:DatasetSeries", "dct:description", "MinCount"): (("city",), "the source's: it has no description"),
    ("dcat:DataService", "dct:title", "MinCount"): (("city",), "the source's: it has an address alone"),
    ("dcat:Dataset", "foaf:page", "NodeKind"): (("taipei-list-2018",), "the source's: a word where an address belongs"),
    ("dcat:Dataset", "foaf:page", "Class"): (("taipei-list-2018",), "the source's: a word where an address belongs"),
    ("dcat:Dataset", "dcat:landingPage", "Class"): (("taipei",), "the source's: it names its datasets by their pages"),
    ("dct:Location", "locn:geometry", "NodeKind"): (("research",), "DCAT 3 and GeoDCAT-AP have literals there, and so it stays one"),
    ("dct:Location", "locn:geometry", "Class"): (("research",), "DCAT 3 and GeoDCAT-AP have literals there, and so it stays one"),
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
    if not os.path.exists(SHAPES):
        print("SKIPPED: ../shared not present: no shapes")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-shacl-")
    federation = Federation(folder, os.path.abspath(options.harvestd), 1 if options.whole else options.every)
    try:
        federation.harvest()
        with federation.serving() as daemon:
            daemon.push()
            dump = daemon.get("catalog.nt")
        Trial(federation, dump).whole()
    finally:
        federation.close()
        shutil.rmtree(folder, ignore_errors=True)


class Trial:
    def __init__(self, federation, dump):
        import pyoxigraph as ox

        self.base = federation.base
        self.held = ox.Store()
        self.held.bulk_load(dump, ox.RdfFormat.N_TRIPLES)
        self.results = collections.defaultdict(list)
        self.unjudged = collections.Counter()

    def whole(self):
        began = time.monotonic()
        self.owners()
        subjects = sorted({str(quad.subject)[1:-1] for quad in self.held})
        for at in range(0, len(subjects), SUBJECTS_AT_ONCE):
            self.validate(subjects[at : at + SUBJECTS_AT_ONCE])
        took = time.monotonic() - began
        print(f"\n{len(self.held)} triples of {len(subjects)} nodes, validated in {took:.0f} s")
        for (path, wanted), count in sorted(self.unjudged.items()):
            print(f"not judged: {count} values of {path} of which the catalogue says nothing ({wanted} expected)")
        self.tell()

    def owners(self):
        """Node -> source: of records by their IRIs, of entities by their records, of parts by what leads to them."""
        import pyoxigraph as ox

        self.sources, begin = {}, f"{self.base}record/"
        for quad in self.held.quads_for_pattern(None, ox.NamedNode(FOAF + "primaryTopic"), None):
            if quad.subject.value.startswith(begin):
                source = quad.subject.value[len(begin) :].split("/")[0]
                self.sources[quad.subject.value] = source
                self.sources.setdefault(quad.object.value, source)

    def source(self, node, depth=5):
        import pyoxigraph as ox

        if node.startswith(f"{self.base}record/"):
            return node[len(self.base) + 7 :].split("/")[0]
        if node not in self.sources and depth:
            for quad in self.held.quads_for_pattern(None, None, ox.NamedNode(node)):
                if source := self.source(quad.subject.value, depth - 1):
                    return source
        return self.sources.get(node)

    def validate(self, subjects):
        import pyoxigraph as ox, pyshacl, rdflib

        data = rdflib.Graph()
        data.parse(data=AXIOMS, format="turtle")
        lines, objects = [], set()
        for subject in subjects:
            for quad in self.held.quads_for_pattern(ox.NamedNode(subject), None, None):
                lines.append(f"{quad.triple} .")
                if isinstance(quad.object, ox.NamedNode):
                    objects.add(quad.object)
        for node in objects:
            types = self.held.quads_for_pattern(node, ox.NamedNode(TYPE), None)
            lines += [f"{quad.triple} ." for quad in types]
        data.parse(data="\n".join(lines), format="nt")
        focus = [rdflib.URIRef(subject) for subject in subjects]
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes(), do_owl_imports=False, inference="none", focus_nodes=focus)
        for result in report.subjects(rdflib.RDF.type, SH("ValidationResult")):
            self.judge(data, report, result)

    def judge(self, data, report, result):
        import pyoxigraph as ox, rdflib

        of = lambda word: report.value(result, SH(word))  # noqa: E731
        node, value = of("focusNode"), of("value")
        constraint = short(of("sourceConstraintComponent")).split(":")[-1].removesuffix("ConstraintComponent")
        path = short(of("resultPath"))
        if constraint == "Class" and isinstance(value, rdflib.URIRef):
            about = self.held.quads_for_pattern(ox.NamedNode(str(value)), None, None)
            if next(iter(about), None) is None:
                wanted = short(shapes().value(of("sourceShape"), SH("class")))
                self.unjudged[path, wanted] += 1
                return
        classes = sorted(short(of) for of in data.objects(node, rdflib.RDF.type))
        found = "nothing" if value is None else str(value)[:80]
        self.results[classes[0] if classes else "?", path, constraint].append((self.source(str(node)), str(node), found))

    def tell(self):
        failed = []
        print("\n| of | path | constraint | source | count | whose | one of them |\n|---|---|---|---|---|---|---|")
        for key, found in sorted(self.results.items()):
            sources, why = LACKS.get(key, ((), "OURS"))
            by_source = collections.defaultdict(set)
            for source, node, value in found:
                by_source[source].add((node, value))
            for source, nodes in sorted(by_source.items(), key=lambda item: str(item[0])):
                node, value = min(nodes)
                own = node.startswith((f"{self.base}catalog/", f"{self.base}record/{source}/catalog:self"))
                excused = source in sources and not own
                if not excused:
                    failed.append(f"{key} {source} {node}: {value}")
                node = urllib.parse.unquote(node.replace(self.base, "…/"))
                print(f"| {' | '.join(key)} | {source} | {len(nodes)} | {why if excused else 'OURS'} | {node}: {value} |")
        if failed:
            sys.exit("\nFAILED: not in the list of what sources lack:\n  " + "\n  ".join(failed[:50]))
        print("\nwhat remains is known; nothing of it is our own catalogues'")


def shapes(kept=[]):
    import rdflib

    if not kept:
        graph = rdflib.Graph().parse(SHAPES)
        # The published file names a property of services without saying which: no shape at all.
        for shape, _, of in list(graph.triples((None, SH("property"), None))):
            if graph.value(of, SH("path")) is None:
                print(f"a shape without a path is left out: {of}")
                graph.remove((shape, SH("property"), of))
        kept.append(graph)
    return kept[0]


def SH(word):
    import rdflib

    return rdflib.URIRef("http://www.w3.org/ns/shacl#" + word)


def short(iri):
    for prefix, name in PREFIXES.items():
        if iri is not None and str(iri).startswith(name):
            return f"{prefix}:{str(iri)[len(name) :]}"
    return str(iri)


TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
FOAF = "http://xmlns.com/foaf/0.1/"
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": FOAF, "sh": "http://www.w3.org/ns/shacl#",
    "adms": "http://www.w3.org/ns/adms#", "skos": "http://www.w3.org/2004/02/skos/core#", "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#", "prov": "http://www.w3.org/ns/prov#", "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#", "harvestd": "https://w3id.org/harvestd/ns#", "dcatap": "http://data.europa.eu/r5r/",
    "owl": "http://www.w3.org/2002/07/owl#", "odrl": "http://www.w3.org/ns/odrl/2/", "schema": "https://schema.org/",
}  # fmt: skip

# What DCAT, FOAF, ORG and vCard say of their own classes.
AXIOMS = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
dcat:Dataset rdfs:subClassOf dcat:Resource . dcat:DataService rdfs:subClassOf dcat:Resource .
dcat:DatasetSeries rdfs:subClassOf dcat:Dataset . dcat:Catalog rdfs:subClassOf dcat:Dataset .
foaf:Organization rdfs:subClassOf foaf:Agent . foaf:Person rdfs:subClassOf foaf:Agent . org:Organization rdfs:subClassOf foaf:Agent .
vcard:Individual rdfs:subClassOf vcard:Kind . vcard:Organization rdfs:subClassOf vcard:Kind . vcard:Group rdfs:subClassOf vcard:Kind .
"""

if __name__ == "__main__":
    main()
