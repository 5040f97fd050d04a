"""A federation on loopback for the trials beside it: the recorded national export, two lists of Taipei's portal, a recorded
answer of the interchange standard, and recorded answers of every kind of connector from tests/connectors.

It serves and harvests, and judges nothing. What needs ../shared is left out loudly where that is not there. Start reading
at Federation.
"""
import gzip, http.server, json, os, re, signal, socket, subprocess, sys, threading, time, urllib.parse, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
TAIWAN = os.path.join(ROOT, "../shared/corpora/taiwan")
EXPORT = os.path.join(TAIWAN, "datagovtw/datagovtw_export_full.json.gz")
DATASET = "interchange/rest_dataset_A41000000G-000001.json"

# Source -> the case whose answers it gives. Pushed is what a daemon gets.
CASES = {
    "scidm": "ckan/access-tiers",
    "research": "ckan/research-data",
    "export-csv": "data_gov_tw/csv-export",
    "city": "dcat/turtle",
    "feed": "ldes/activities",
    "taipei": "mapped/data-taipei",
    "air": "sensorthings/two-pages-v1-0",
    "platform": "tw_interchange/standard",
}
PUSHED = ("centre", "push/turtle")


class Federation:
    """Sources in a folder of their own, with their origins on loopback."""

    def __init__(self, folder, harvestd, every=1, cases=tuple(CASES), alone=False):
        """`alone`: the export and nothing else, as if it were no portal's."""
        self.folder, self.harvestd = folder, harvestd
        self.port, self.origins, self.sources, self.texts = free_port(), [], [], []
        if os.path.exists(EXPORT):
            self.national(every, portal=not alone)
            if not alone:
                self.lists()
                self.interchange()
        else:
            print("SKIPPED: ../shared not present: neither the export nor the lists nor the recorded answer")
        for name in () if alone else cases:
            self.case(name, CASES[name])
        if not alone:
            self.push()
        self.config = os.path.join(folder, "harvestd.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(HEAD.format(port=self.port, admin=free_port(), folder=folder) + "\n".join(self.texts))

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}/"

    def origin(self, answer):
        """A server whose answers `answer(path, query, body)` gives: (status, media type, bytes[, encoding])."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"answer": staticmethod(answer)}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.origins.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    def national(self, every, portal):
        def answer(_path, _query, _body):
            return 200, "application/json", body, "gzip"

        with open(EXPORT, "rb") as file:
            body = file.read()
        if every > 1:
            rows = json.loads(gzip.decompress(body).decode("utf-8-sig"))[::every]
            body = gzip.compress(json.dumps(rows, ensure_ascii=False).encode(), 1)
        more = 'offset_minutes = 480\nowns = ["https://data.gov.tw/dataset/"]\n'
        if not portal:
            more += "portal = false\n"
        self.add("national", "data_gov_tw", self.origin(answer) + "/export.json", "政府資料開放平臺", "數位發展部", more)

    def lists(self):
        """config/sources/portal-lists.toml with other addresses: what people copy is what is tried."""

        def answer(path, _query, _body):
            with open(os.path.join(TAIWAN, "portal-lists", os.path.basename(path)), "rb") as file:
                return 200, "text/csv", file.read()

        with open(os.path.join(ROOT, "config/sources/portal-lists.toml"), encoding="utf-8") as file:
            text = file.read()
        text = text.replace("https://portal-lists.example", self.origin(answer)).replace("enabled = false\n", "")
        self.texts.append(text.replace("\n[source.options]\n", f"\n{ALLOWED}[source.options]\n"))
        self.sources += re.findall(r'^id = "(.*)"$', text, re.M)

    def interchange(self):
        def answer(path, query, _body):
            if not path.endswith("/dataset"):
                with open(os.path.join(TAIWAN, DATASET), "rb") as file:
                    return 200, "application/json", file.read()
            listed = ["A41000000G-000001"][int(query.get("offset", 0)) :]
            return 200, "application/json", json.dumps({"success": True, "result": listed}).encode()

        url = self.origin(answer) + "/rest/dataset"
        self.add("ndc", "tw_interchange", url, "國家發展委員會開放資料", "國家發展委員會", "offset_minutes = 480\npriority = 10\n")

    def case(self, name, folder):
        case, read = recorded(folder)
        theirs = origin_of(case["url"])
        ours = [""]

        def answer(path, query, body):
            for told in case["answers"]:
                url = urllib.parse.urlsplit(told["url"])
                if (url.path, parameters(url.query)) == (path, query) and told.get("post_contains", "") in body:
                    text = read(told["file"]).replace(theirs.encode(), ours[0].encode())
                    return told.get("status", 200), told.get("media_type", "application/json"), text
            return 404, "text/plain", f"nothing is recorded for {path} {query}".encode()

        ours[0] = self.origin(answer)
        more = f'offset_minutes = {case.get("offset_minutes", 480)}\n'
        if "options" in case:
            more += f"options = {inline(case['options'])}\n"
        self.add(name, folder.split("/")[0], case["url"].replace(theirs, ours[0]), f"目錄 {name}", f"{name} 管理者", more)

    def push(self):
        case, read = recorded(PUSHED[1])
        self.pushed = {name: read(name) for name in (told["file"] for told in case["answers"])}
        self.add(PUSHED[0], "push", case["url"], "推送的目錄", "示範資料中心", "", listed=False)

    def add(self, name, kind, url, title, publisher, more, listed=True):
        texts = {"name": name, "kind": kind, "url": url, "title": title, "publisher": publisher}
        self.texts.append(SOURCE.format(**texts) + more + (ALLOWED if listed else ""))
        if listed:
            self.sources.append(name)

    def run(self, *arguments, check=True):
        command = [self.harvestd, *arguments, "--config", self.config, "--log", "error"]
        done = subprocess.run(command, capture_output=True, text=True)
        if check and done.returncode != 0:
            sys.exit(f"FAILED: {' '.join(command)}: {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def harvest(self):
        """Runs every source once, and prints what came of it."""
        for name in self.sources:
            report = json.loads(self.run("run", name, "--json", check=False) or "{}")
            if report.get("outcome") != "complete":
                sys.exit(f"FAILED: the run of {name}: {json.dumps(report, ensure_ascii=False)[:2000]}")
            counts = ", ".join(f"{word} {number}" for word, number in report["counts"].items() if number)
            print(f"{name}: {counts or 'no datasets'}; {sum(report['findings_by_code'].values())} findings")

    def serving(self):
        return Serving(self)

    def close(self):
        for server in self.origins:
            server.shutdown()


class Serving:
    """A daemon for as long as it is needed."""

    def __init__(self, federation):
        self.federation = federation

    def __enter__(self):
        command = [self.federation.harvestd, "serve", "--config", self.federation.config, "--log", "error"]
        self.daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while True:
            try:
                self.get("healthz")
                return self
            except OSError:
                if time.monotonic() > deadline or self.daemon.poll() is not None:
                    sys.exit("FAILED: the daemon does not answer")
                time.sleep(0.1)

    def __exit__(self, *_):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(60)

    def get(self, path):
        with urllib.request.urlopen(self.federation.base + path, timeout=600) as answer:
            return answer.read()

    def push(self):
        """The recorded push, and waits until it can be seen."""
        token = json.loads(self.federation.run("token", "new", PUSHED[0], "--json"))["token"]
        for name, body in self.federation.pushed.items():
            request = urllib.request.Request(f"{self.federation.base}push/{PUSHED[0]}", body, method="PUT")
            request.add_header("authorization", f"Bearer {token}")
            request.add_header("content-type", "text/turtle" if name.endswith(".ttl") else "application/json")
            with urllib.request.urlopen(request, timeout=60) as answer:
                told = json.loads(answer.read())
            print(f"{PUSHED[0]}: pushed {name}: {json.dumps(told, ensure_ascii=False)[:300]}")
        deadline = time.monotonic() + 30
        while PUSHED[0].encode() not in self.get("catalog.nt"):
            if time.monotonic() > deadline:
                sys.exit("FAILED: what was pushed is not visible after 30 s")
            time.sleep(0.5)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8", "replace")
        url = urllib.parse.urlsplit(self.path)
        status, media_type, answer, *encoding = self.answer(url.path, parameters(url.query), body)
        self.send_response(status)
        self.send_header("content-type", media_type or "application/octet-stream")
        self.send_header("content-length", str(len(answer)))
        if encoding:
            self.send_header("content-encoding", encoding[0])
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def recorded(folder):
    """A case of tests/connectors, and how its files are read."""
    folder = os.path.join(ROOT, "tests/connectors", folder)

    def read(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    return json.loads(read("case.json")), read


def origin_of(url):
    url = urllib.parse.urlsplit(url)
    return f"{url.scheme}://{url.netloc}"


def parameters(query):
    return dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


def inline(value):
    """JSON as TOML's inline form."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


ALLOWED = '[source.network]\nallow_ranges = ["127.0.0.0/8"]\nrequests_per_second = 1000.0\n'

HEAD = """public_url = "http://127.0.0.1:{port}/"
data_dir = "{folder}/data"
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:{admin}"
shared = ["tw"]

"""

SOURCE = """[[source]]
id = "{name}"
kind = "{kind}"
url = "{url}"
title = {{ zh-Hant = "{title}" }}
description = {{ zh-Hant = "{title}（試驗）" }}
publisher = {{ zh-Hant = "{publisher}" }}
language = "zh-Hant"
"""
