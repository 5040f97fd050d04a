#!/usr/bin/env python3
"""Asks the questions of config/queries of a federation on loopback, and prints the answers as tables.

    python tests/peers/questions.py --harvestd target/debug/harvestd [--every N]

The federation is the recorded national export (every row, or every Nth), two recorded lists of Taipei's portal and one
recorded answer of the interchange standard, where ../shared is there; a portal with access tiers and a service of sensors
from tests/connectors; and Taiwan's shared agencies. What several catalogues have is joined, as it always is. A question
without an answer is a failure. README's "Questions across all catalogues" shows these tables. Start reading at main().
"""
import argparse, csv, io, os, shutil, sys, tempfile, time

from federation import EXPORT, ROOT, Federation

# Of the many answers README shows the first; all are printed.
COUNTS = {
    "datasets by catalogue": """SELECT ?catalogue (COUNT(DISTINCT ?dataset) AS ?datasets) WHERE {
        ?c a dcat:Catalog ; dcat:dataset ?dataset ; dct:title ?catalogue FILTER(LANG(?catalogue) != "en") }
        GROUP BY ?catalogue ORDER BY DESC(?datasets) ?catalogue""",
    "datasets, each once": "SELECT (COUNT(*) AS ?datasets) { ?dataset a dcat:Dataset }",
    "agencies that all share": """SELECT (COUNT(DISTINCT ?agent) AS ?agencies) (COUNT(DISTINCT ?part) AS ?below_another) {
        ?agent org:identifier ?id ; a org:Organization FILTER(CONTAINS(STR(?agent), "/agent/tw/"))
        OPTIONAL { ?agent org:subOrganizationOf ?above BIND(?agent AS ?part) } }""",
}
PREFIXES = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX org: <http://www.w3.org/ns/org#>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--every", type=int, default=1, help="only every Nth row of the export")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="harvestd-questions-")
    federation = Federation(folder, os.path.abspath(options.harvestd), options.every, ("scidm", "air"))
    try:
        federation.harvest()
        unanswered = [name for name in questions() if not answer(federation, name)]
    finally:
        federation.close()
        shutil.rmtree(folder, ignore_errors=True)
    # Nothing but the recorded catalogues has copies of one another.
    expected = [] if os.path.exists(EXPORT) else NEED_RECORDS
    if [name for name in unanswered if name not in expected]:
        sys.exit(f"FAILED: no answer to {', '.join(unanswered)}")


# Questions that the small catalogues alone do not answer.
NEED_RECORDS = ["stale.rq", "categories-by-ministry.rq", "in-several-catalogues.rq"]


def questions():
    return [*COUNTS, *sorted(os.listdir(os.path.join(ROOT, "config/queries")))]


def answer(federation, name):
    """Prints the answer to a question; the number of its rows."""
    began = time.monotonic()
    if name in COUNTS:
        text = federation.run("query", "-o", "csv", PREFIXES + COUNTS[name])
    else:
        text = federation.run("query", "-o", "csv", "--file", os.path.join(ROOT, "config/queries", name))
    head, *rows = csv.reader(io.StringIO(text))
    print(f"\n{name}: {len(rows)} rows, {time.monotonic() - began:.1f} s\n")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    return len(rows)


if __name__ == "__main__":
    main()
