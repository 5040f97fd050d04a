#!/usr/bin/env python3
"""One client that asks small questions, beside others that mean harm: how long it waits without them and with them.

    python tests/peers/attack.py --harvestd target/debug/harvestd [--rows 5000] [--seconds 20]

Needs nothing but Python. The data are rows of the recorded national export where ../shared is there, else invented ones.
The attackers have addresses of their own on loopback (127.0.0.2 and on), which Linux gives to anybody. Each attack of
ATTACKS goes on from two addresses for the whole time, and 500 connections stand half open. Fails where the healthy
client's 95th percentile is more than twice what it was, where one of its answers is wrong, or where the daemon is no longer
there. Start reading at main().
"""
import argparse, functools, gzip, http.client, http.server, json, multiprocessing, os, shutil, signal, socket, subprocess, sys, tempfile
import threading, time, urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORT = os.path.join(HERE, "../../../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz")
PREFIXES = "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/> "

# What the healthy client asks, in turn: a lookup, a list, a search by title, a count.
HEALTHY = [
    'SELECT ?d { ?d dct:identifier "%s" }',
    "SELECT ?d ?t { ?d a dcat:Dataset ; dct:title ?t } LIMIT 20",
    "SELECT ?a (COUNT(?d) AS ?n) { ?d a dcat:Dataset ; dct:publisher ?a } GROUP BY ?a ORDER BY DESC(?n) LIMIT 10",
    "ASK { ?d dct:accrualPeriodicity ?f }",
]

ATTACKS = {
    "cross join, sorted": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i",
    "cross join, counted": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
    "endless stream": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "path without a bound": "SELECT (COUNT(*) AS ?n) { ?a (!<http://e.example/x>)* ?b . ?c (!<http://e.example/y>)* ?d }",
    "regular expression": 'SELECT (COUNT(*) AS ?n) { ?a ?p ?t . ?b ?q ?u FILTER(REGEX(CONCAT(STR(?t), STR(?u)), "(.*)*(.*)*x{50}$")) }',
    "groups in memory": "SELECT ?a ?d (GROUP_CONCAT(CONCAT(STR(?c), STR(?f))) AS ?t) { ?a ?b ?c . ?d ?e ?f } GROUP BY ?a ?d",
    "deep nesting": "ASK { FILTER(" + "(" * 20_000 + "true" + ")" * 20_000 + ") }",
    "deep without brackets": "ASK { FILTER(" + "!" * 900_000 + "true) }",
    "many values": "SELECT * { VALUES ?x { " + '"x" ' * 150_000 + "} ?a ?b ?x . ?c ?d ?x }",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=20, help="of each of the two measurements")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="harvestd-attack-")
    try:
        Trial(options, folder).whole()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Trial:
    def __init__(self, options, folder):
        self.options, self.over = options, threading.Event()
        self.said, self.guard = {}, threading.Lock()
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
        holds = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["counts"]["holds"]
        self.daemon = subprocess.Popen([self.options.harvestd, "serve", "--config", self.config, "--log", "off"])
        try:
            self.until_up()
            self.expected = [self.ask("127.0.0.1", self.healthy(n))[1] for n in range(len(HEALTHY))]
            self.measure(2)
            alone = self.measure(self.options.seconds)
            memory = Memory(self.daemon.pid)
            said, attackers = self.attack()
            beside = self.measure(self.options.seconds)
            memory.over.set()
            attackers.terminate()
            self.said |= said.get(timeout=60)
            self.tell(holds, alone, beside, memory)
        finally:
            self.over.set()
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(60)
            self.origin.shutdown()

    def tell(self, holds, alone, beside, memory):
        print(f"{holds} datasets; one healthy client, {self.options.seconds} s alone and {self.options.seconds} s under attack")
        for name, times in (("alone", alone), ("under attack", beside)):
            print(f"  {name:13} {len(times):6} answers, p50 {at(times, 50):7.2f} ms, p95 {at(times, 95):7.2f} ms, longest {times[-1]:.0f} ms")
        ratio = at(beside, 95) / at(alone, 95)
        print(f"  p95 under attack / alone: {ratio:.2f} (at most 2)")
        print(f"  peak memory: daemon {memory.house / 1e6:.0f} MB, its workers together {memory.workers / 1e6:.0f} MB, one {memory.one / 1e6:.0f} MB")
        for name, said in sorted(self.said.items()):
            print(f"  {name:22} " + ", ".join(f"{what} {count}" for what, count in sorted(said.items())))
        if self.daemon.poll() is not None:
            sys.exit("FAILED: the daemon ended")
        if ratio > 2:
            sys.exit("FAILED: the healthy client waits too long")

    def until_up(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.ask("127.0.0.1", "ASK {}")
            except OSError:
                if time.monotonic() > deadline:
                    sys.exit("the daemon does not answer after a minute")
                time.sleep(0.1)

    def healthy(self, n):
        query = HEALTHY[n % len(HEALTHY)]
        return PREFIXES + (query % "1" if "%" in query else query)

    def measure(self, seconds):
        """Milliseconds of each answer, sorted."""
        times, n, end = [], 0, time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            status, text = self.ask("127.0.0.1", self.healthy(n))
            times.append((time.monotonic() - began) * 1000)
            if status == 200 and text != self.expected[n % len(HEALTHY)]:
                sys.exit(f"FAILED: the healthy client was answered {text[:300]}")
            if status != 200:
                self.note("healthy client", str(status))
            n += 1
            # A person, or a page: it does not hurry.
            time.sleep(0.1)
        return sorted(times)

    def ask(self, address, query, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout, source_address=(address, 0))
        try:
            body = urllib.parse.urlencode({"query": query})
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/sparql-results+json"}
            connection.request("POST", "/sparql", body, headers)
            answer = connection.getresponse()
            text = b""
            while piece := answer.read(65536):
                # Nobody keeps what never ends.
                text = text + piece if len(text) < 1_000_000 else text
                if self.over.is_set():
                    break
            return answer.status, text
        finally:
            connection.close()

    def attack(self):
        """Begins the attacks in a process of their own, which does not hold up the healthy client's."""
        said = multiprocessing.Queue()
        process = multiprocessing.Process(target=self.attackers, args=(said,), daemon=True)
        process.start()
        return said, process

    def attackers(self, said):
        os.nice(19)
        signal.signal(signal.SIGTERM, lambda *_: self.over.set())
        threads, address = [], 2
        for name, query in ATTACKS.items():
            for _ in range(2):
                threads.append(threading.Thread(target=self.attacker, args=(name, f"127.0.0.{address}", query), daemon=True))
                address += 1
        threads.append(threading.Thread(target=self.half_open, args=(f"127.0.0.{address}",), daemon=True))
        threads.append(threading.Thread(target=self.slow_reader, args=(f"127.0.0.{address + 1}",), daemon=True))
        for thread in threads:
            thread.start()
        self.over.wait()
        with self.guard:
            said.put(self.said)
        said.close()
        said.join_thread()
        os._exit(0)

    def attacker(self, name, address, query):
        while not self.over.is_set():
            try:
                status = str(self.ask(address, query)[0])
            except (OSError, http.client.HTTPException):
                status = "cut"
            self.note(name, status)
            # Hostile, but this machine measures the healthy client as well.
            self.over.wait(0.05)

    def half_open(self, address):
        sockets = []
        while not self.over.is_set():
            try:
                one = socket.create_connection(("127.0.0.1", self.port), timeout=5, source_address=(address, 0))
                one.sendall(b"GET /sparql HTTP/1.1\r\nHost: x\r\n")
                sockets.append(one)
                self.note("half open", "made")
            except OSError:
                self.note("half open", "refused")
            if len(sockets) >= 500:
                self.over.wait()
            self.over.wait(0.005)

    def slow_reader(self, address):
        query = urllib.parse.quote(ATTACKS["endless stream"])
        while not self.over.is_set():
            try:
                one = socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(address, 0))
                one.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                while not self.over.is_set() and one.recv(16):
                    self.over.wait(0.2)
                self.note("slow reader", "cut")
            except OSError:
                self.note("slow reader", "refused")

    def note(self, name, what):
        with self.guard:
            said = self.said.setdefault(name, {})
            said[what] = said.get(what, 0) + 1


class Memory(threading.Thread):
    """Peaks of resident memory, looked at ten times a second."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.pid, self.over, self.house, self.workers, self.one = daemon, threading.Event(), 0, 0, 0
        self.start()

    def run(self):
        while not self.over.wait(0.1):
            self.house = max(self.house, resident(self.pid))
            try:
                with open(f"/proc/{self.pid}/task/{self.pid}/children") as file:
                    first = file.read().split()
            except OSError:
                return
            # A worker's parent may be any thread of the daemon.
            children = set(first)
            for task in os.listdir(f"/proc/{self.pid}/task"):
                try:
                    with open(f"/proc/{self.pid}/task/{task}/children") as file:
                        children.update(file.read().split())
                except OSError:
                    pass
            sizes = [resident(child) for child in children]
            self.workers = max(self.workers, sum(sizes))
            self.one = max([self.one, *sizes])


def resident(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS")), 0)
    except OSError:
        return 0


def at(times, percent):
    return times[min(len(times) - 1, len(times) * percent // 100)]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def rows(number):
    if os.path.exists(EXPORT):
        with gzip.open(EXPORT, "rt", encoding="utf-8-sig") as file:
            return json.load(file)[:number]
    print("SKIPPED: ../shared not present; the rows are invented")
    return [
        {"資料集識別碼": str(n), "資料集名稱": f"資料 {n}", "資料下載網址": f"https://ministry.example/{n}.csv", "檔案格式": "CSV",
         "提供機關": f"機關 {n % 50}", "更新頻率": "每1月", "授權方式": "政府資料開放授權條款-第1版"}
        for n in range(1, number + 1)
    ]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


CONFIG = """
public_url = "http://127.0.0.1:{port}/"
data_dir = "{folder}/data"
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:{admin}"

[[source]]
id = "export"
kind = "data_gov_tw"
url = "http://127.0.0.1:{origin}/export.json"
title = {{ en = "Export" }}
[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 1000.0
"""

if __name__ == "__main__":
    main()
