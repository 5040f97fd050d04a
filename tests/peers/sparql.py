#!/usr/bin/env python3
"""Asks the SPARQL endpoint with clients that others wrote, and compares every answer with pyoxigraph's over the dump.

    python tests/peers/sparql.py --harvestd target/debug/harvestd [--comunica FOLDER] [--rows 1000]

Needs a Python that has SPARQLWrapper, rdflib and pyoxigraph; Comunica's folder is the one with its node_modules. What is
missing is said and skipped. The data are rows of the recorded national export where ../shared is there, else invented
ones. Each question goes out by SPARQLWrapper (GET and POST, JSON and XML), by rdflib's SPARQLStore and by Comunica; the
dump of every syntax must hold the same triples. Start reading at main().
"""
import argparse, functools, gzip, http.server, json, os, re, shutil, signal, socket, subprocess, sys, tempfile, threading
import time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORT = os.path.join(HERE, "../../../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--comunica", help="the folder with Comunica's node_modules")
    parser.add_argument("--rows", type=int, default=1000)
    options = parser.parse_args()
    try:
        import pyoxigraph, rdflib, SPARQLWrapper  # noqa: F401
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-sparql-")
    try:
        Trial(options, folder).whole()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Trial:
    def __init__(self, options, folder):
        self.options, self.folder, self.failures = options, folder, []
        with open(os.path.join(folder, "export.json"), "w", encoding="utf-8") as file:
            json.dump(rows(options.rows), file, ensure_ascii=False)
        handler = functools.partial(Quiet, directory=folder)
        self.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.origin.serve_forever, daemon=True).start()
        self.port = free_port()
        self.config = os.path.join(folder, "harvestd.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=folder, port=self.port, origin=self.origin.server_port, admin=free_port()))

    def whole(self):
        command = [self.options.harvestd, "run", "export", "--config", self.config, "--log", "error", "--json"]
        counts = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["counts"]
        daemon = subprocess.Popen([self.options.harvestd, "serve", "--config", self.config, "--log", "error"])
        try:
            self.until_up()
            held = self.dumps()
            print(f"{counts['holds']} datasets, {len(held)} triples; the dumps agree: nt, ttl, rdf, jsonld")
            self.questions(held)
        finally:
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(30)
            self.origin.shutdown()
        self.same("exit code after SIGTERM", code, 0)
        if self.failures:
            sys.exit("FAILED:\n  " + "\n  ".join(self.failures))
        print("every answer is pyoxigraph's own")

    def until_up(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.get("/healthz")
            except OSError:
                if time.monotonic() > deadline:
                    sys.exit("the daemon does not answer after a minute")
                time.sleep(0.1)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=120) as answer:
            return answer.read()

    def dumps(self):
        import pyoxigraph as ox

        held = ox.Store()
        held.bulk_load(self.get("/catalog.nt"), ox.RdfFormat.N_TRIPLES)
        lines = sorted(map(str, held))
        for suffix, syntax in (("ttl", ox.RdfFormat.TURTLE), ("rdf", ox.RdfFormat.RDF_XML), ("jsonld", ox.RdfFormat.JSON_LD)):
            other = ox.Store()
            other.bulk_load(self.get(f"/catalog.{suffix}"), syntax)
            self.same(f"/catalog.{suffix}: as many triples as /catalog.nt", len(other), len(held))
            self.same(f"/catalog.{suffix}: the triples of /catalog.nt", sorted(map(str, other)) == lines, True)
        return held

    def questions(self, held):
        for name, query in QUESTIONS.items():
            query = PREFIXES + query
            expected = normal(held.query(query))
            said = {client: ask(query) for client, ask in self.clients(query).items()}
            for client, found in said.items():
                if client == "Comunica":
                    # Release 4 loses the languages of literals while it reads results (two releases of one of its parts).
                    found, expected = without_languages(found), without_languages(expected)
                self.same(f"{name}, {client}: as many rows", len(found), len(expected))
                odd = [(found, expected) for found, expected in zip(found, expected) if found != expected]
                self.same(f"{name}, {client}: rows that differ, and as they should be", odd[:3], [])
            print(f"{name}: {len(expected)} rows, equal by {', '.join(said)}")
            self.same(f"{name}: has an answer", len(expected) > 0, True)

    def clients(self, query):
        kind = query[len(PREFIXES) :].split()[0]
        clients = {}
        if kind != "CONSTRUCT":
            for method in ("GET", "POST"):
                for form in ("json", "xml"):
                    clients[f"SPARQLWrapper {method} {form}"] = functools.partial(self.wrapper, method=method, form=form)
        else:
            clients["SPARQLWrapper GET"] = functools.partial(self.wrapper, method="GET", form="turtle")
        clients["rdflib"] = self.rdflib
        if self.options.comunica:
            clients["Comunica"] = functools.partial(self.comunica, kind=kind)
        return clients

    def wrapper(self, query, method, form):
        import pyoxigraph as ox, SPARQLWrapper as sw

        endpoint = sw.SPARQLWrapper(f"http://127.0.0.1:{self.port}/sparql")
        endpoint.setMethod(method)
        endpoint.setReturnFormat({"json": sw.JSON, "xml": sw.XML, "turtle": sw.TURTLE}[form])
        endpoint.setQuery(query)
        text = endpoint.query().response.read()
        if form == "turtle":
            return normal(ox.parse(text, ox.RdfFormat.TURTLE))
        return normal(ox.parse_query_results(text, getattr(ox.QueryResultsFormat, form.upper())))

    def rdflib(self, query):
        import rdflib, rdflib.plugins.stores.sparqlstore as stores

        result = rdflib.Graph(stores.SPARQLStore(f"http://127.0.0.1:{self.port}/sparql")).query(query)
        if result.type == "ASK":
            return [str(bool(result.askAnswer)).lower()]
        rows = ([None if value is None else value.n3() for value in row] for row in result)
        return normal_rows(([None if text is None else spelled(text) for text in row] for row in rows))

    def comunica(self, query, kind):
        import pyoxigraph as ox

        form = "application/n-triples" if kind == "CONSTRUCT" else "application/sparql-results+json"
        command = ["node_modules/.bin/comunica-sparql", f"sparql@http://127.0.0.1:{self.port}/sparql", "-q", query, "-t", form]
        text = subprocess.run(command, cwd=self.options.comunica, capture_output=True, check=True, timeout=120).stdout
        if kind == "CONSTRUCT":
            return normal(ox.parse(text, ox.RdfFormat.N_TRIPLES))
        # It adds members of its own at the end, which pyoxigraph refuses.
        said = json.loads(text)
        said = {"head": said["head"], **({"boolean": said["boolean"]} if kind == "ASK" else {"results": {"bindings": said["results"]["bindings"]}})}
        return normal(ox.parse_query_results(json.dumps(said), ox.QueryResultsFormat.JSON))

    def same(self, what, found, expected):
        if found != expected:
            self.failures.append(f"{what}: found {found}, expected {expected}")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def normal(results):
    """Any result as sorted texts."""
    import pyoxigraph as ox

    if isinstance(results, ox.QueryBoolean):
        return [str(bool(results)).lower()]
    if isinstance(results, ox.QuerySolutions):
        names = [variable.value for variable in results.variables]
        return normal_rows([None if row[name] is None else str(row[name]) for name in names] for row in results)
    return normal_rows([str(quad.subject), str(quad.predicate), str(quad.object)] for quad in results)


def normal_rows(rows):
    return sorted("\t".join("" if text is None else text for text in row) for row in rows)


def without_languages(rows):
    return sorted(re.sub(r'"@[a-z-]+(?=\t|$)', '"', row) for row in rows)


def spelled(text):
    """rdflib's spelling of a term as pyoxigraph spells it."""
    import rdflib.util, pyoxigraph as ox

    term = rdflib.util.from_n3(text)
    if isinstance(term, rdflib.URIRef):
        return str(ox.NamedNode(str(term)))
    datatype = ox.NamedNode(str(term.datatype)) if term.datatype else None
    return str(ox.Literal(str(term), datatype=datatype, language=term.language))


def rows(number):
    if os.path.exists(EXPORT):
        with gzip.open(EXPORT, "rt", encoding="utf-8-sig") as file:
            return json.load(file)[:number]
    print("SKIPPED: ../shared not present: the rows are invented")
    return [invented(n) for n in range(number)]


def invented(n):
    return {
        "資料集識別碼": n + 1, "資料集名稱": f"第{n}號水位站每日水位", "資料提供屬性": "各機關基本資料", "服務分類": "生活安全及品質",
        "品質檢測": "金", "檔案格式": "CSV;JSON", "資料下載網址": f"https://data.example/{n}.csv;https://data.example/{n}.json",
        "編碼格式": "UTF-8;UTF-8", "資料集上架方式": "系統介接程式", "資料集描述": "每日水位", "主要欄位說明": "日期、水位",
        "提供機關": f"第{n % 7}河川分署", "更新頻率": ["每1日", "每1月", "每1年"][n % 3], "授權方式": "政府資料開放授權條款-第1版",
        "相關網址": "", "計費方式": "免費", "提供機關聯絡人姓名": "王小明", "提供機關聯絡人電話": "02-1234-5678",
        "上架日期": "2024-01-02", "詮釋資料更新時間": f"2025-0{n % 9 + 1}-03 10:00:00", "備註": "", "資料量": str(n),
    }  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


CONFIG = """public_url = "http://127.0.0.1:{port}/"
data_dir = "{folder}/data"
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:{admin}"

# What is answered is judged here, not how fast.
[limits.query]
deadline_ms = 300_000

[[source]]
id = "export"
kind = "data_gov_tw"
url = "http://127.0.0.1:{origin}/export.json"
title = {{ zh-Hant = "匯出檔（試驗）" }}
language = "zh-Hant"
[source.network]
allow_ranges = ["127.0.0.0/8"]
"""

PREFIXES = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""

QUESTIONS = {
    "how many datasets": "SELECT (COUNT(*) AS ?n) { ?d a dcat:Dataset }",
    "publishers by datasets": "SELECT ?name (COUNT(?d) AS ?n) { ?d dct:publisher/foaf:name ?name } GROUP BY ?name HAVING(COUNT(?d) > 2)",
    "formats": "SELECT ?format (COUNT(DISTINCT ?d) AS ?n) { ?d dcat:distribution/dct:format ?format } GROUP BY ?format",
    "water, by title": 'SELECT ?d ?title { ?d a dcat:Dataset ; dct:title ?title FILTER(CONTAINS(STR(?title), "水")) } ORDER BY ?title LIMIT 50',
    "how often, where it is said": "SELECT ?d ?how { ?d a dcat:Dataset OPTIONAL { ?d dct:accrualPeriodicity ?how } } ORDER BY ?d LIMIT 300",
    "newest first": "SELECT ?d ?day { ?d a dcat:Dataset ; dct:issued ?day } ORDER BY DESC(?day) ?d LIMIT 40",
    "CSV and JSON of one dataset": "SELECT DISTINCT ?d { ?d dcat:distribution ?a, ?b . ?a dct:format ?x . ?b dct:format ?y FILTER(STRENDS(STR(?x), '/CSV') && STRENDS(STR(?y), '/JSON')) }",
    "is anything without a title": "ASK { ?d a dcat:Dataset FILTER NOT EXISTS { ?d dct:title ?t } }",
    "themes as a graph": "CONSTRUCT { ?d dcat:theme ?theme } { ?d a dcat:Dataset ; dcat:theme ?theme }",
}

if __name__ == "__main__":
    main()
