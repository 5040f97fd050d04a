#!/usr/bin/env python3
"""Two LDES clients that others wrote replay the feed from zero, follow a further harvest, and go on after a restart.

    python tests/peers/ldes.py --harvestd target/debug/harvestd [--rows 1100] [--shacl feed_shacl.py] [--keep]

Needs Node, a Python that has pyoxigraph, and the clients: `ldes-client` under --ldes, `@treecg/actor-init-ldes-client`
under --treecg (folders that hold node_modules). Where one is missing, it says so and leaves that client out. Everything is
on loopback and in a temporary folder. A ministry of our own is harvested; then what a client emitted is compared with the
daemon's own dump: the same triples, each activity once, and in order (the first sorts by milliseconds, and a load has many activities in one:
of it the order of milliseconds is compared). The second client knows no named graphs (it follows
what members refer to, whatever graph says it), so of it the activities are compared, and that bodies came.
--shacl gives the path of a checker that takes pages in TriG; it is run over every page of a small feed of its own.
Start reading at main().
"""
import argparse, http.server, json, os, re, resource, shutil, signal, socket, subprocess, sys, tempfile, threading, time
import urllib.request

AS, TREE = "https://www.w3.org/ns/activitystreams#", "https://w3id.org/tree#"
PEERS = os.environ.get("PEERS", os.path.expanduser("~/.cache/harvestd-peers"))
CONFIG = """public_url = "http://127.0.0.1:{port}/"
data_dir = "{folder}/data"
listen = "127.0.0.1:{port}"
admin_listen = "127.0.0.1:0"
[[source]]
id = "ministry"
kind = "data_gov_tw"
url = "http://127.0.0.1:{source}/export.json"
title = {{ en = "Ministry" }}
description = {{ en = "What the ministry has" }}
publisher = {{ en = "Ministry" }}
[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 1000.0
"""
# Writes one line of JSON for each member: its name, and its quads as text.
TREECG = """
const { newEngine } = require('@treecg/actor-init-ldes-client');
const fs = require('fs');
const [url, state, follow] = process.argv.slice(1);
const options = { representation: 'Quads', pollingInterval: 300, emitMemberOnce: true, disableSynchronization: follow !== 'follow',
  loggingLevel: 'error', requestHeaders: { 'Accept': 'application/ld+json' }, processedURIsCount: 1000000 };
const before = state && fs.existsSync(state) ? JSON.parse(fs.readFileSync(state)) : null;
const stream = newEngine().createReadStream(url, options, before);
stream.on('data', m => m.quads && m.quads.length && process.stdout.write(JSON.stringify({ id: m.quads[0].subject.value, quads: m.quads.map(q =>
  [q.subject.value, q.predicate.value, q.object.value, q.graph.value]) }) + '\\n'));
const save = () => { fs.writeFileSync(state, JSON.stringify(stream.exportState())); process.exit(0); };
process.on('SIGTERM', () => { stream.pause(); const wait = () => stream.isBuffering() ? setTimeout(wait, 50) : save(); wait(); });
"""


def main():
    options = arguments()
    try:
        import pyoxigraph  # noqa: F401
    except ImportError:
        print("SKIPPED: this Python has no pyoxigraph, so no LDES client was tried")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-ldes-")
    try:
        Trial(options, folder).whole()
    finally:
        print(f"kept: {folder}") if options.keep else shutil.rmtree(folder, ignore_errors=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--rows", type=int, default=1100)
    parser.add_argument("--ldes", default=os.path.join(PEERS, "node-ldes"))
    parser.add_argument("--treecg", default=os.path.join(PEERS, "node-treecg"))
    parser.add_argument("--shacl", help="a program that checks pages in TriG")
    parser.add_argument("--keep", action="store_true", help="leave the folder with store and answers")
    return parser.parse_args()


class Trial:
    def __init__(self, options, folder):
        self.options, self.folder, self.failures = options, folder, []
        self.ministry = Ministry(options.rows)
        self.port = free_port()
        self.config = os.path.join(folder, "harvestd.toml")
        with open(self.config, "w") as file:
            file.write(CONFIG.format(port=self.port, folder=folder, source=self.ministry.port))
        self.feed = f"http://127.0.0.1:{self.port}/feed"

    def whole(self):
        self.daemon = subprocess.Popen([self.options.harvestd, "serve", "--config", self.config, "--log", "warn"], stdout=subprocess.DEVNULL)
        try:
            wait("the daemon is up", lambda: reaches(f"http://127.0.0.1:{self.port}/healthz"))
            self.harvest()
            print(f"{self.sequence()} activities of {self.options.rows} rows")
            for client in (LdesClient, Treecg):
                if os.path.isdir(os.path.join(getattr(self.options, client.option), "node_modules")):
                    self.follow(client(self))
                else:
                    print(f"SKIPPED: {client.name} is not under {getattr(self.options, client.option)}")
            if self.options.shacl:
                self.shacl()
        finally:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(60)
        if self.failures:
            sys.exit("FAILED:\n  " + "\n  ".join(self.failures))
        print("all as the daemon has it")

    def follow(self, client):
        """From zero; then following while a harvest comes; then, after a stop, what came meanwhile and nothing else."""
        cpu, began = self.cpu(), time.monotonic()
        members = client.replay()
        took, used = time.monotonic() - began, self.cpu() - cpu
        self.compare(client, "from zero", members)
        print(f"{client.name}: {len(members)} members from zero in {took:.1f} s, {len(members) / took:.0f} a second; the daemon used {used:.2f} s of CPU, {100 * used / took:.0f} % of it")
        self.same(f"{client.name}: the daemon used at most a fifth of the client's time", used <= 0.2 * took, True)
        client.start()
        wait("the client is in step", lambda: len(client.members()) == self.sequence())
        self.ministry.change()
        self.harvest()
        changed = time.monotonic()
        wait("the client has followed", lambda: len(client.members()) == self.sequence())
        print(f"{client.name}: followed a harvest of {self.sequence() - len(members)} activities in {time.monotonic() - changed:.1f} s")
        client.stop()
        before = client.members()
        self.compare(client, "following", before)
        self.ministry.change()
        self.harvest()
        client.start()
        wait("the client has gone on", lambda: len(client.members()) >= self.sequence() - len(before))
        time.sleep(2)
        client.stop()
        again = client.members()
        self.same(f"{client.name}: members twice after a restart", len(set(name for name, _ in before) & set(name for name, _ in again)), 0)
        self.compare(client, "after a restart", before + again)
        print(f"{client.name}: after a restart {len(again)} members came, none of them again")

    def compare(self, client, what, members):
        numbers = [int(name.rsplit("/", 1)[1]) for name, _ in members]
        self.same(f"{client.name}, {what}: each activity once", sorted(numbers), list(range(1, self.sequence() + 1)))
        order = numbers if client.microseconds else [published_ms(quads) for _, quads in members]
        self.same(f"{client.name}, {what}: in order", order == sorted(order), True)
        if not client.graphs:
            upserts = [quads for _, quads in members if (AS + "Delete") not in str(quads)]
            self.same(f"{client.name}, {what}: bodies", all(len(quads) > 3 for quads in upserts), True)
            return
        entities = {}
        for name, quads in members:
            verb = entity = None
            body = set()
            for s, p, o, g in quads:
                if g == name:
                    body.add((s, p, o))
                elif p == AS + "object":
                    entity = o.strip("<>")
                elif p.endswith("#type"):
                    verb = o.strip("<>").rsplit("#", 1)[1]
            entities[entity] = body
            if verb == "Delete":
                del entities[entity]
        replayed = sorted(t for body in entities.values() for t in body)
        self.same(f"{client.name}, {what}: triples", replayed == sorted(self.dump()), True)

    def dump(self):
        import pyoxigraph
        with get(f"http://127.0.0.1:{self.port}/catalog.nt") as answer:
            for t in pyoxigraph.parse(answer.read(), format=pyoxigraph.RdfFormat.N_TRIPLES):
                yield (t.subject.value, t.predicate.value, str(t.object))

    def shacl(self):
        """Every page, and every activity on it by itself."""
        pages, todo = [], [self.feed]
        while todo:
            with get(todo.pop(), "application/trig") as answer:
                text = answer.read().decode()
            nodes = set(re.findall(r"tree:node <([^>]+)>", text))
            todo.extend(sorted(nodes))
            if "tree:member" in text:
                path = os.path.join(self.folder, f"page-{len(pages)}.trig")
                open(path, "w").write(text)
                pages.append(path)
        done = subprocess.run([sys.executable, self.options.shacl, *pages], capture_output=True, text=True)
        print(f"{self.options.shacl} over {len(pages)} pages: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.same("shapes", done.returncode, 0)

    def harvest(self):
        command = [self.options.harvestd, "run", "ministry", "--full", "--config", self.config, "--log", "error"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode:
            sys.exit(f"run: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")

    def sequence(self):
        with get(f"http://127.0.0.1:{self.port}/catalog.nt", method="HEAD") as answer:
            return int(answer.headers["Harvestd-Sequence"])

    def cpu(self):
        """Seconds of CPU that the daemon and its workers have used."""
        ticks = 0
        for pid in [self.daemon.pid, *children(self.daemon.pid)]:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def same(self, what, found, expected):
        if found != expected:
            self.failures.append(f"{what}: found {found}, expected {expected}")


class Client:
    """A client whose members are read from what it prints."""

    def __init__(self, trial):
        self.trial, self.out, self.process = trial, os.path.join(trial.folder, f"{self.option}.out"), None
        self.state = os.path.join(trial.folder, f"{self.option}.state")
        self.home = getattr(trial.options, self.option)

    def replay(self):
        with open(self.out, "wb") as out:
            subprocess.run(self.command(False), stdout=out, cwd=self.home, check=True, timeout=3600)
        return self.members()

    def start(self):
        self.process = subprocess.Popen(self.command(True), stdout=open(self.out, "wb"), cwd=self.home)

    def stop(self):
        self.process.send_signal(self.signal)
        self.process.wait(60)


class LdesClient(Client):
    name, option, graphs, microseconds, signal = "ldes-client", "ldes", True, False, signal.SIGINT

    def command(self, follow):
        more = ["--follow", "--poll-interval", "300", "--save", self.state] if follow else []
        return ["node", "node_modules/ldes-client/dist/bin/cli.js", self.trial.feed, "--ordered", "ascending", "--no-shape", *more]

    def members(self):
        import pyoxigraph
        text = open(self.out, "rb").read()
        text = text[: text.rfind(b"\n\n") + 1]
        members, order = {}, []
        plain = lambda graph: getattr(graph, "value", "")
        for q in pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_QUADS):
            name = plain(q.graph_name) or q.subject.value
            if name not in members:
                members[name] = set()
                order.append(name)
            members[name].add((q.subject.value, q.predicate.value, str(q.object), plain(q.graph_name)))
        return [(name, members[name]) for name in order]


class Treecg(Client):
    name, option, graphs, microseconds, signal = "@treecg/actor-init-ldes-client", "treecg", False, True, signal.SIGTERM

    def command(self, follow):
        return ["node", "-e", TREECG, self.trial.feed, self.state, "follow" if follow else "once"]

    def members(self):
        lines = open(self.out).read().split("\n")[:-1]
        return [(m["id"], [tuple(q) for q in m["quads"]]) for m in map(json.loads, lines)]


class Ministry:
    """An export whose rows change, go and come."""

    def __init__(self, rows):
        self.rows = {n: 1 for n in range(1, rows + 1)}
        ministry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps([ministry.row(n, r) for n, r in sorted(ministry.rows.items())], ensure_ascii=False).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def row(self, n, revision):
        return {
            "資料集識別碼": str(n), "資料集名稱": f"資料 {n}.{revision}", "資料提供屬性": "檔案下載", "服務分類": "生活安全及品質",
            "檔案格式": "CSV", "資料下載網址": f"https://ministry.example/{n}.csv", "資料集描述": f"第 {n} 列", "提供機關": "示範部",
            "更新頻率": "每1月", "授權方式": "政府資料開放授權條款-第1版", "上架日期": "2020-01-02 03:04:05", "詮釋資料更新時間": "2026-01-02 03:04:05",
        }  # fmt: skip

    def change(self):
        """Two in a hundred change, one in a hundred goes, one comes."""
        numbers = sorted(self.rows)
        some = max(1, len(numbers) // 100)
        for n in numbers[:some]:
            del self.rows[n]
        for n in numbers[some : 3 * some]:
            self.rows[n] += 1
        for n in range(numbers[-1] + 1, numbers[-1] + some + 1):
            self.rows[n] = 1


def published_ms(quads):
    """The time of an activity in whole milliseconds: clients that read times as JavaScript's dates know no more."""
    time = next(o for _, p, o, _ in quads if p == AS + "published").split('"')[1]
    seconds, _, fraction = time.rstrip("Z").partition(".")
    return f"{seconds}.{(fraction + '000')[:3]}"


def get(url, accept="*/*", method="GET"):
    return urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}, method=method), timeout=60)


def reaches(url):
    try:
        return get(url).status == 200
    except OSError:
        return False


def wait(what, done, longest=1200):
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > longest:
            sys.exit(f"not in {longest} s: {what}")
        time.sleep(0.2)


def children(pid):
    return [int(child) for task in os.listdir(f"/proc/{pid}/task") for child in open(f"/proc/{pid}/task/{task}/children").read().split()]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


if __name__ == "__main__":
    main()
