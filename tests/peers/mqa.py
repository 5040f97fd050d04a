#!/usr/bin/env python3
"""Counts the 405 points of data.europa.eu for some datasets of a running daemon, and compares every indicator with its own.

    python tests/peers/mqa.py http://127.0.0.1:8080 [--datasets 200] [--shared ../shared]

Needs a Python that has rdflib, and the European Data Portal's lists under ../shared/standards/mqa; without them it says so
and ends with 0. The datasets are taken from the daemon's whole catalogue as N-Triples, spread evenly over it (--datasets 0:
all); what counts is computed here from the methodology and the portal's own lists, not from the tables of harvestd. Whether
an address answers, and whether shapes are violated, is not computed here: what the daemon says of these enters the sum, and
an address that is not there must not be counted. Ends with 1 where any indicator, the counted file or a sum differs.
"""
import argparse, collections, json, os, re, sys, tempfile, urllib.parse, urllib.request

DCAT, DCT = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
EU = "http://publications.europa.eu/resource/authority/"
IANA = "https://www.iana.org/assignments/media-types/"
# What well-known media types are among the EU's file types.
FORMS = {
    "text/csv": "CSV", "text/tab-separated-values": "TSV", "application/json": "JSON", "application/geo+json": "GEOJSON",
    "application/ld+json": "JSON_LD", "application/xml": "XML", "text/html": "HTML", "text/plain": "TXT",
    "application/rdf+xml": "RDF_XML", "text/turtle": "RDF_TURTLE", "application/n-triples": "RDF_N_TRIPLES",
    "application/vnd.google-earth.kml+xml": "KML", "application/vnd.google-earth.kmz": "KMZ",
    "application/vnd.ms-excel": "XLS", "application/zip": "ZIP", "application/rtf": "RTF", "image/png": "PNG",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX", "image/tiff": "TIFF",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS", "application/rss+xml": "RSS", "text/calendar": "ICS",
}  # fmt: skip
POINTS = {
    "keyword": 30, "theme": 30, "spatial": 20, "temporal": 20, "access-url-reachable": 50, "download-url": 20,
    "download-url-reachable": 30, "format": 20, "media-type": 10, "format-vocabulary": 10, "non-proprietary": 20,
    "machine-readable": 20, "dcat-ap": 30, "licence": 20, "licence-vocabulary": 10, "access-rights": 10,
    "access-rights-vocabulary": 5, "contact-point": 20, "publisher": 10, "rights": 5, "byte-size": 5, "issued": 5,
    "modified": 5,
}  # fmt: skip
OBSERVED = {"access-url-reachable": DCAT + "accessURL", "download-url-reachable": DCAT + "downloadURL", "dcat-ap": None}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("daemon", help="its public address")
    parser.add_argument("--datasets", type=int, default=200, help="how many; 0: all")
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    parser.add_argument("--shared", default=os.path.join(root, "../shared"), help="where the standards are")
    options = parser.parse_args()
    try:
        import rdflib  # noqa: F401
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    lists = os.path.join(options.shared, "standards/mqa/edp-vocabularies")
    if not os.path.isdir(lists):
        print(f"SKIPPED: {lists} is not there: no lists to count by")
        return
    daemon = options.daemon.rstrip("/")
    known = Known(lists)
    with tempfile.TemporaryDirectory(prefix="harvestd-mqa-") as folder:
        whole = os.path.join(folder, "catalog.nt")
        with urllib.request.urlopen(daemon + "/catalog.nt") as answer, open(whole, "wb") as file:
            while piece := answer.read(1 << 20):
                file.write(piece)
        nodes, chosen = read(whole, options.datasets)
    faults, points, files = [], 0, 0
    for iri in chosen:
        said = ask(daemon, iri)
        expected, file = measured(nodes, iri, known, said)
        files += len(nodes[iri].get(DCAT + "distribution", ()))
        found = {i["id"]: i["met"] for i in said["indicators"] if i["scheme"] == "mqa"}
        if set(found) != set(POINTS):
            faults.append(f"{iri}: indicators {set(found) ^ set(POINTS)}")
        for name, met in expected.items():
            if (found.get(name) == "yes") != met:
                faults.append(f"{iri}: {name} is {found.get(name)}, expected {met}")
        total = sum(POINTS[name] for name, met in expected.items() if met)
        points += total
        if said["mqa"] != total:
            faults.append(f"{iri}: {said['mqa']} points, expected {total}")
        if said["file"] != file:
            faults.append(f"{iri}: counts {said['file']}, expected {file}")
    for fault in faults[:50]:
        print(fault)
    print(f"{len(chosen)} datasets with {files} files, {points / max(1, len(chosen)):.2f} points on average: "
          f"{len(faults)} differences")  # fmt: skip
    if faults or not chosen:
        sys.exit(1)


class Known:
    """The European Data Portal's lists."""

    def __init__(self, folder):
        import rdflib
        from rdflib.namespace import SKOS

        def graph(name):
            return rdflib.Graph().parse(os.path.join(folder, name), format="xml")

        def codes(name):
            text = open(os.path.join(folder, name), encoding="utf-8").read()
            return set(re.findall(r'file-type/([A-Z0-9_]+)"', text))

        self.machine_readable = codes("edp-machine-readable-format.rdf")
        self.non_proprietary = codes("edp-non-proprietary-format.rdf")
        licences = graph("edp-licences-skos.rdf")
        self.licences = {str(node) for node in licences.subjects(rdflib.RDF.type, SKOS.Concept)}
        self.licences |= {str(node) for node in licences.objects(None, SKOS.exactMatch)}

    def is_licence(self, iri):
        bare = iri.rstrip("/").removesuffix("/legalcode")
        alike = {bare, bare + "/", bare + "/legalcode", bare + "/legalcode/"}
        # Creative Commons in other ports and versions than the list happens to name are the same licences.
        commons = re.match(r"https?://creativecommons\.org/(licenses|publicdomain)/", iri)
        return iri.startswith(EU + "licence/") or bool(alike & self.licences) or bool(commons)


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("<"):
                yield line[1 : line.index(">")], line


def read(path, wanted):
    """Subject -> predicate -> values, of some datasets and their files."""
    types = (f" <{TYPE}> <{DCAT}Dataset> .\n",)
    datasets = sorted({subject for subject, line in lines(path) if line.endswith(types)})
    series = {subject for subject, line in lines(path) if line.endswith(f" <{TYPE}> <{DCAT}DatasetSeries> .\n")}
    datasets = [iri for iri in datasets if iri not in series]
    step = max(1, len(datasets) // wanted) if wanted else 1
    chosen = datasets[::step][: wanted or None]
    nodes = collect(path, set(chosen))
    distributions = {value for iri in chosen for kind, value in nodes[iri].get(DCAT + "distribution", ())}
    nodes.update(collect(path, distributions))
    return nodes, chosen


def collect(path, subjects):
    import rdflib

    text = "".join(line for subject, line in lines(path) if subject in subjects)
    graph = rdflib.Graph().parse(data=text, format="nt")
    nodes = collections.defaultdict(lambda: collections.defaultdict(list))
    for subject, predicate, value in graph:
        kind = "iri" if isinstance(value, rdflib.URIRef) else "text"
        if str(value).strip():
            nodes[str(subject)][str(predicate)].append((kind, str(value)))
    for subject in subjects:
        nodes[subject]  # Also what says nothing.
    return nodes


def ask(daemon, iri):
    address = f"{daemon}/quality/dataset?iri={urllib.parse.quote(iri, safe='')}&format=json"
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def values(node, predicate):
    return [value for _, value in node.get(predicate, ())]


def measured(nodes, iri, known, said):
    """Indicator -> met, and the file that counts: the one with most points, of equals the first by its IRI."""
    dataset = nodes[iri]
    has = lambda predicate: bool(values(dataset, predicate))  # noqa: E731
    met = {
        "keyword": has(DCAT + "keyword"),
        "theme": has(DCAT + "theme"),
        "spatial": has(DCT + "spatial"),
        "temporal": has(DCT + "temporal"),
        "access-rights": has(DCT + "accessRights"),
        "access-rights-vocabulary": any(v.startswith(EU + "access-right/") for v in values(dataset, DCT + "accessRights")),
        "contact-point": has(DCAT + "contactPoint"),
        "publisher": has(DCT + "publisher"),
    }
    files = {file: of_file(nodes[file], known) for file in sorted(values(dataset, DCAT + "distribution"))}
    observed = {i["id"]: i["met"] == "yes" for i in said["indicators"] if i["id"] in OBSERVED}
    if said["file"] in files:
        for name, predicate in OBSERVED.items():
            if predicate:
                files[said["file"]][name] = observed[name] and bool(values(nodes[said["file"]], predicate))
    score = lambda file: sum(POINTS[name] for name, is_met in files[file].items() if is_met)  # noqa: E731
    best = min(files, key=lambda file: (-score(file), file), default=None)
    met.update(files[best] if best else dict.fromkeys(of_file({}, known), False))
    for name in OBSERVED:
        met.setdefault(name, False)
    met["dcat-ap"] = observed["dcat-ap"]
    for name in ("issued", "modified"):
        met[name] = met[name] or has(DCT + name)
    return met, best


def of_file(file, known):
    formats, media = values(file, DCT + "format"), values(file, DCAT + "mediaType")
    codes = {v.removeprefix(EU + "file-type/") for v in formats if v.startswith(EU + "file-type/")}
    types = {v.removeprefix(IANA) for v in media if v.startswith(IANA)}
    forms = codes | {FORMS[kind] for kind in types if kind in FORMS}
    licences = file.get(DCT + "license", ())
    return {
        "download-url": bool(values(file, DCAT + "downloadURL")),
        "format": bool(formats),
        "media-type": bool(media),
        "format-vocabulary": bool(codes and types),
        "non-proprietary": bool(forms & known.non_proprietary),
        "machine-readable": bool(forms & known.machine_readable),
        "licence": bool(licences),
        "licence-vocabulary": any(kind == "iri" and known.is_licence(iri) for kind, iri in licences),
        "rights": bool(values(file, DCT + "rights")),
        "byte-size": bool(values(file, DCAT + "byteSize")),
        "issued": bool(values(file, DCT + "issued")),
        "modified": bool(values(file, DCT + "modified")),
    }


if __name__ == "__main__":
    main()
