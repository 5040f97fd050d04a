#!/usr/bin/env python3
"""Puts nginx and Caddy in front of the demo, by config/nginx.conf and config/Caddyfile, and asks through them.

    python tests/peers/proxy.py --harvestd target/debug/harvestd

Needs nginx, caddy and openssl. Ports, name and certificate are those of the trial; the rest of both files is as it is. What
is looked at: pages, a long answer, events that come at once, bodies that are larger than a proxy lets through by itself, the
way from http to https, and that clients are told apart by X-Forwarded-For. Start reading at main().
"""
import argparse, http.client, os, re, shutil, ssl, subprocess, sys, tempfile, time

from prometheus import ROOT, free, get, until

CLIENT = "203.0.113.7"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="harvestd-proxy-")
    os.chmod(folder, 0o755)
    running, failed = [], []
    try:
        public = demo(folder, os.path.abspath(options.harvestd), running)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem",
                        "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
        for begin in (nginx, caddy):
            port, plain = free(), free()
            running.append(begin(folder, public, port, plain))
            until(lambda: answers(port), f"{begin.__name__} answers")
            failed += [f"{begin.__name__}: {what}" for what in ask(folder, public, port, plain)]
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    for what in failed:
        print(f"FAILED: {what}")
    sys.exit(1 if failed else 0)


def demo(folder, harvestd, running):
    """The demo, that knows its proxy: a client's budget of SPARQL is small, so that it is soon used up."""
    public, admin = free(), free()
    with open(os.path.join(ROOT, "config/demo.toml"), encoding="utf-8") as file:
        settings = file.read().replace('data_dir = "data/demo"\n', 'proxies = ["127.0.0.1/32"]\n', 1)
    with open(f"{folder}/demo.toml", "w", encoding="utf-8") as file:
        file.write(settings + "\n[limits.query]\nclient_ms_max = 1\nclient_ms_per_second = 1\nclient_light_ms = 1\n")
    running.append(subprocess.Popen(
        [harvestd, "demo", "--config", f"{folder}/demo.toml", "--listen", f"127.0.0.1:{public}", "--admin-listen",
         f"127.0.0.1:{admin}", "--data-dir", f"{folder}/demo", "--log", "warn"], stdout=subprocess.DEVNULL))
    until(lambda: get(f"http://127.0.0.1:{public}/readyz"), "the demo is ready")
    return public


def nginx(folder, public, port, plain):
    site = read("config/nginx.conf").replace("127.0.0.1:8080", f"127.0.0.1:{public}")
    site = re.sub(r"listen \[::\].*\n", "", site).replace("listen 80;", f"listen 127.0.0.1:{plain};")
    site = site.replace("listen 443", f"listen 127.0.0.1:{port}").replace("data.example.org;", "localhost;", 2)
    site = site.replace("/etc/ssl/data.example.org.pem", f"{folder}/cert.pem")
    site = site.replace("/etc/ssl/private/data.example.org.key", f"{folder}/key.pem")
    with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
        file.write(f"daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid; events {{}} "
                   f"http {{ access_log off; client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/answers;\n{site}}}")
    return subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)


def caddy(folder, public, port, plain):
    site = read("config/Caddyfile").replace("127.0.0.1:8080", f"127.0.0.1:{public}")
    site = site.replace("data.example.org {", f"localhost:{port} {{\n\ttls {folder}/cert.pem {folder}/key.pem", 1)
    with open(f"{folder}/Caddyfile", "w", encoding="utf-8") as file:
        file.write(f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {port}\n}}\n{site}")
    return subprocess.Popen(["caddy", "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"],
                            stderr=subprocess.DEVNULL, env={**os.environ, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder})


def ask(folder, public, port, plain):
    failed = []

    def expect(what, right, found):
        print(f"  {what}: {found}")
        if not right:
            failed.append(f"{what}: {found}")

    status, body = request(port, "GET", "/sources", headers={"Accept": "text/html"})
    expect("a page", status == 200 and b"demo-ckan" in body, status)
    status, body = request(port, "GET", "/catalog.nt")
    direct = get(f"http://127.0.0.1:{public}/catalog.nt")
    expect("the whole catalogue, in bytes", status == 200 and len(body) > 100_000, f"{len(body)} of {len(direct.encode())}")
    connection = connect(port)
    connection.request("GET", "/changes?since=0", headers={"Accept": "text/event-stream"})
    began, answer = time.monotonic(), connection.getresponse()
    line = answer.readline()
    expect("events, the first line in seconds", line and time.monotonic() - began < 5,
           f"{answer.status} {line!r} after {time.monotonic() - began:.2f}")
    connection.close()
    # More than nginx lets through by itself (1 MB), less than limits.http.body_bytes_max: the refusal is harvestd's own.
    status, body = request(port, "POST", "/sparql", b"x" * 3_000_000, {"Content-Type": "application/sparql-query"})
    expect("a large body", status == 413 and b'"type"' in body, f"{status} {body[:80]!r}")
    # More than that: refused while it is still being sent.
    status, body = request(port, "POST", "/sparql", b"x" * 40_000_000, {"Content-Type": "application/sparql-query"})
    expect("a body that is not taken", status == 413 and b"content-too-large" in body, f"{status} {body[:80]!r}")
    redirected = http.client.HTTPConnection("127.0.0.1", plain, timeout=20)
    redirected.request("GET", "/status", headers={"Host": "localhost"})
    answer = redirected.getresponse()
    expect("http", answer.status == 308 and answer.headers["Location"].startswith("https://localhost"),
           f"{answer.status} {answer.headers['Location']}")
    query = "/sparql?query=" + "SELECT%20(COUNT(*)%20AS%20%3Fn)%20%7B%3Fs%20%3Fp%20%3Fo.%20%3Fx%20%3Fp%20%3Fo%7D"
    told = [request(port, "GET", query, headers={"X-Forwarded-For": CLIENT})[0] for _ in range(4)]
    expect("one client's dear queries", told[0] in (200, 429) and told[-1] == 429, told)
    return failed


def connect(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("localhost", port, timeout=60, context=context)


def request(port, method, path, body=None, headers=None):
    connection = connect(port)
    try:
        connection.request(method, path, body, headers or {})
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        # Caddy answers and closes while a body is sent that nobody takes: the answer is there all the same.
        answer = http.client.HTTPResponse(connection.sock, method=method)
        answer.begin()
    else:
        answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def answers(port):
    try:
        return request(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    main()
