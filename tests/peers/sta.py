#!/usr/bin/env python3
"""Harvests a real SensorThings 1.1 server that others wrote, and compares what came with what was put in.

    python tests/peers/sta.py --harvestd target/debug/harvestd [--things 300] [--port 28411] [--keep]

Needs a Python that has django-ogc-sensorthings; without it, it says so and ends with 0. Everything is on loopback and
in a temporary folder. The releases of the server up to 1.2.0 expand the Thing of the first row of a page into all rows:
it is shown that such a server is refused; then that one expression is mended in memory, and all else is as released.
It fills the server over HTTP with sensors as Taiwan's Civil IoT describes them: air and water,
places as GeoJSON and as addresses, Things without an authority, Datastreams without Observations, a sensor at 0°, 0°,
and, where ../shared is there, the recorded Things. Then it harvests by authority and by city, harvests again, loses the
server, meets one that answers 500, takes a dataset away, takes all Observations away; after each step it compares.
Start reading at main().
"""
import argparse, collections, datetime, http.client, http.server, json, math, os, random, re, shutil, signal, socket
import subprocess, sys, tempfile, threading, time, urllib.parse, urllib.request

ROOT = "/sensorthings/v1.1"
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
EPA, WRA, YUNLIN = "行政院環境保護署", "經濟部水利署防災中心", "雲林縣政府水利處"
PROPERTIES = {  # name: definition, unit
    "PM2.5": ("http://vocab.nerc.ac.uk/collection/P02/current/PMSF/", ("微克每立方公尺", "μg/m3", "")),
    "溫度": ("https://qudt.org/vocab/quantitykind/Temperature", ("攝氏度", "℃", "http://qudt.org/vocab/unit/DEG_C")),
    "淹水深度": ("淹水深度", ("公分", "cm", "http://qudt.org/vocab/unit/CentiM")),
}


def main():
    options = arguments()
    try:
        import sensorthings  # noqa: F401
    except ImportError:
        print("SKIPPED: this Python has no django-ogc-sensorthings, so no real SensorThings server was harvested")
        return
    folder = tempfile.mkdtemp(prefix="harvestd-sta-")
    try:
        Trial(options, folder).whole()
    finally:
        print(f"kept: {folder}") if options.keep else shutil.rmtree(folder, ignore_errors=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harvestd", default="target/debug/harvestd")
    parser.add_argument("--things", type=int, default=300)
    parser.add_argument("--port", type=int, default=28411)
    parser.add_argument("--keep", action="store_true", help="leave the folder with store and answers")
    parser.add_argument("--serve", metavar="DATABASE", help="be the server (used by the script itself)")
    parser.add_argument("--mended", action="store_true", help="with --serve: without the fault in $expand")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port, options.mended)
        sys.exit(0)
    return options


class Trial:
    def __init__(self, options, folder):
        self.options, self.folder, self.failures = options, folder, []
        self.config = os.path.join(folder, "harvestd.toml")
        with open(self.config, "w") as file:
            file.write(CONFIG.format(port=options.port, folder=folder))
        self.server = Server(folder, options.port)

    def whole(self):
        self.server.start()
        try:
            started = time.monotonic()
            stock = fill(self.options)
            print(f"filled in {time.monotonic() - started:.0f} s: {stock.things} Things, {len(stock.streams)} Datastreams, {stock.observations} Observations")
            self.is_refused_as_released()
            self.server.restart(mended=True)
            self.everything(stock)
            self.joined(stock)
            self.answers(stock)
            self.stands_still(stock)
            self.server.stop()
            self.keeps("the server is gone", stock)
            with Broken(self.options.port):
                self.keeps("the server answers 500", stock)
            self.server.start(mended=True)
            self.loses_one(stock)
            self.loses_observations(stock)
        finally:
            self.server.stop()
        if self.failures:
            sys.exit("FAILED:\n  " + "\n  ".join(self.failures))
        print("all as it was put in")

    def is_refused_as_released(self):
        report = self.harvest("air-and-water", code=3)
        if not report["why"].startswith("not a catalogue: checking what $expand says"):
            print("NOTICE: the server as it is released is not refused; has it been mended?")
        # Nothing was ever published, and no answer is given of nothing.
        asked = self.harvestd("query", "ASK {}", code=1)
        self.same("as released: a query", "Nothing has been harvested and published yet" in asked.stderr, True)
        print(f"as released: {report['why']}")

    def everything(self, stock):
        for source, by in (("air-and-water", "authority"), ("by-city", "city")):
            report = self.harvest(source)
            expected, found = stock.datasets(by), self.datasets(source)
            self.same(f"{source}: first run", report["outcome"], "complete")
            self.same(f"{source}: keys", sorted(found), sorted(expected))
            for key in sorted(expected.keys() & found.keys()):
                self.same(f"{source}: {key}", found[key], expected[key].rounded_as(found[key]))
            self.ways_in(source, by, expected)
            print(f"{source}: {len(found)} datasets of {len(stock.streams)} Datastreams in {report['requests']} requests, {report['bytes']} bytes: keys, counts, bounds, middles, times compared")

    def joined(self, stock):
        """Both sources ask one server: what is the same by authority and by city is published once, in the words of the first."""
        held = [len(self.datasets(source)) for source in ("air-and-water", "by-city")]
        count = lambda where: int(self.ask(f"SELECT (COUNT(DISTINCT ?d) AS ?n) {{ {where} }}")[0]["n"])
        lists = "<http://127.0.0.1:8999/catalog/%s> dcat:dataset ?d ."
        published = count("?d a dcat:Dataset")
        both = count(lists % "air-and-water" + lists % "by-city")
        self.same("published once", published, sum(held) - both)
        for source, expected in zip(("air-and-water", "by-city"), held):
            self.same(f"{source}: listed", count(lists % source), expected)
        print(f"identity: {' + '.join(map(str, held))} records are {published} datasets, {both} of them in both catalogues")

    def ways_in(self, source, by, expected):
        """The server answers the published addresses with as many Datastreams as the catalogue says."""
        for row in self.ask(WAYS % source):
            if row["key"].startswith("|"):
                continue  # says of itself that others come as well
            where = urllib.parse.urlsplit(row["where"])
            with urllib.request.urlopen(where._replace(query=where.query + "&$count=true").geturl(), timeout=60) as answer:
                self.same(f"{source}: {row['where']}", json.load(answer)["@iot.count"], expected[row["key"]].datastreams)

    def answers(self, stock):
        """空氣品質 near a place, at a time: as an analyst would ask."""
        (x, y), time = NEAR, "2025-03-01T00:00:00Z"
        rows = self.ask(QUESTION)
        air = {stream.key("authority") for stream in stock.streams if stream.thing.get("category") == "空氣品質"}
        expected = [
            key for key, said in stock.datasets("authority").items()
            if key in air and said.start and said.start <= time <= said.end
            and said.bounds[0] - 0.1 <= x <= said.bounds[2] + 0.1 and said.bounds[1] - 0.1 <= y <= said.bounds[3] + 0.1
        ]  # fmt: skip
        self.same("空氣品質 near a place at a time", sorted(row["key"] for row in rows), sorted(expected))
        print(f"{PREFIXES}{QUESTION}")
        for row in rows:
            print("  " + " | ".join(row.get(name, "") for name in ("title", "publisher", "from", "until", "where")))

    def stands_still(self, stock):
        report = self.harvest("air-and-water")
        counts = report["counts"]
        self.same("again: unchanged", counts["unchanged"], len(stock.datasets("authority")))
        self.same("again: changed", counts["changed"], 0)

    def keeps(self, what, stock):
        report = self.harvest("air-and-water", code=3)
        self.same(f"{what}: outcome", report["outcome"], "failed")
        self.same(f"{what}: datasets", len(self.datasets("air-and-water")), len(stock.datasets("authority")))
        status = self.harvestd("status").stdout
        print(f"{what}: {report['why']}")
        print("  status says: " + " / ".join(line.strip() for line in status.splitlines() if "air-and-water" in line or "failed" in line)[:300])

    def loses_one(self, stock):
        key = f"{YUNLIN}|淹水深度"
        assert key in stock.datasets("authority"), key
        for stream in [stream for stream in stock.streams if stream.key("authority") == key]:
            call(self.options.port, "DELETE", f"{ROOT}/Datastreams('{stream.id}')")
            stock.streams.remove(stream)
        report = self.harvest("air-and-water")
        self.same("one taken away: outcome", report["outcome"], "complete")
        self.same("one taken away", sorted(self.datasets("air-and-water")), sorted(stock.datasets("authority")))
        print(f"one taken away: {key} is deleted, {len(stock.datasets('authority'))} are left")

    def loses_observations(self, stock):
        self.server.stop()
        self.server.forget_observations()
        self.server.start(mended=True)
        report = self.harvest("air-and-water")
        self.same("no Observations: outcome", report["outcome"], "complete")
        self.same("no Observations: noticed", [n[0] for n in report["noticed"] if n[0] == "no-observations"], ["no-observations"])
        self.same("no Observations: datasets", sorted(self.datasets("air-and-water")), sorted(stock.datasets("authority")))
        marked = self.ask("SELECT (COUNT(DISTINCT ?d) AS ?n) { ?d a dcat:Dataset ; dct:identifier ?k ; dqv:hasQualityAnnotation/oa:bodyValue 'no-observations' }")
        self.same("no Observations: marked", int(marked[0]["n"]), len(stock.datasets("authority")))
        print("no Observations: noticed, every dataset stays and says so")

    def harvest(self, source, code=0):
        done = self.harvestd("run", source, "--json", code=code)
        return json.loads(done.stdout)

    def harvestd(self, *words, code=0):
        command = [self.options.harvestd, *words, "--config", self.config, "--log", "error"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode != code:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}")
        return done

    def ask(self, query):
        done = self.harvestd("query", "--format", "json", PREFIXES + query)
        rows = json.loads(done.stdout)["results"]["bindings"]
        return [{name: value["value"] for name, value in row.items()} for row in rows]

    def datasets(self, source):
        """Key -> what the catalogue says of it."""
        rows = self.ask(SAYS % source)
        return {row["key"]: Said.of(row) for row in rows}

    def same(self, what, found, expected):
        if found != expected:
            self.failures.append(f"{what}: found {found}, expected {expected}")


class Said(collections.namedtuple("Said", "datastreams bounds middle start end")):
    @classmethod
    def of(cls, row):
        numbers = lambda text: [float(n) for n in re.findall(r"-?[0-9.]+", text)]
        bounds = middle = None
        if "bbox" in row:
            n = numbers(row["bbox"])
            bounds = tuple(n[:2] + n[:2]) if len(n) == 2 else (n[0], n[1], n[4], n[5])
            middle = tuple(numbers(row["middle"]))
        return cls(int(row["description"].split()[0]), bounds, middle, row.get("start"), row.get("end"))

    def rounded_as(self, other):
        """The same, with the middle as the other has it where that is this one to six decimals: a tie may go up or down."""
        near = lambda a, b: abs(a - b) <= 0.5e-6 + 1e-9 and round(b, 6) == b
        if self.middle and other.middle and all(map(near, self.middle, other.middle)):
            return self._replace(middle=other.middle)
        return self


class Stream(collections.namedtuple("Stream", "id property thing place times")):
    def key(self, by):
        plain = lambda text: text.replace("%", "%25").replace("|", "%7C")
        return f"{plain(self.thing.get(by, ''))}|{plain(self.property)}"


class Stock:
    """What was put in, counted by other means than harvestd's."""

    def __init__(self):
        self.things, self.observations, self.streams = 0, 0, []

    def datasets(self, by):
        groups = collections.defaultdict(list)
        for stream in self.streams:
            # No filter finds the Observations of Things without the property, so their times are not known.
            times = stream.times if by in stream.thing else []
            groups[stream.key(by)].append(stream._replace(times=times))
        return {key: self.said(streams) for key, streams in groups.items()}

    def said(self, streams):
        places = [stream.place for stream in streams if stream.place]
        xs, ys = [x for x, _ in places], [y for _, y in places]
        times = sorted(time for stream in streams for time in stream.times)
        bounds = (min(xs), min(ys), max(xs), max(ys)) if places else None
        middle = (math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)) if places else None
        return Said(len(streams), bounds, middle, times[0] if times else None, times[-1] if times else None)


def fill(options):
    random.seed(20)
    stock, port = Stock(), options.port
    properties = {
        name: post(port, "ObservedProperties", name=name, description=name, definition=definition)
        for name, (definition, _) in PROPERTIES.items()
    }
    sensor = post(port, "Sensors", name="sensor", description="sensor", encodingType="text/html", metadata="https://sensor.example/")
    cities = {"基隆市": (121.74, 25.13), "桃園市": (121.3, 24.99), "臺中市": (120.66, 24.16), "臺南市": (120.21, 23.0), "高雄市": (120.31, 22.62)}
    for n in range(options.things):
        city = random.choice(list(cities))
        water = n % 3 == 2
        thing = {"city": city, "stationID": str(n), "category": "水資源" if water else "空氣品質"}
        if n % 10 != 9:
            thing["authority"] = random.choice([WRA, YUNLIN]) if water else random.choice([EPA, city + "政府環境保護局"])
        point = tuple(round(degrees + random.uniform(-0.12, 0.12), 6) for degrees in cities[city])
        shape = {0: "nowhere", 1: "address"}.get(n % 25, "point")
        names = ["淹水深度"] if water else ["PM2.5", "溫度"]
        put(stock, port, properties, sensor, f"測站{n}", thing, point, shape, names, observed=n % 7 != 0)
    for name, thing, point, property in recorded():
        put(stock, port, properties, sensor, name, thing, point, "point", [property], observed=True)
    return stock


def put(stock, port, properties, sensor, name, thing, point, shape, names, observed):
    geo = {"name": name, "description": name, "encodingType": "application/geo+json"}
    address = {**geo, "encodingType": "address", "location": {"address": thing.get("city", "") + "中正路1號"}}
    at = {"point": list(point), "nowhere": [0, 0]}.get(shape)
    locations = [{**geo, "location": {"type": "Point", "coordinates": at}}] if at else []
    # A second Location, as the services have it: the address of the same place.
    locations += [address] if shape != "nowhere" else []
    id = post(port, "Things", name=name, description=name, properties=thing, Locations=locations)
    stock.things += 1
    for property in names:
        unit = dict(zip(("name", "symbol", "definition"), PROPERTIES[property][1]))
        stream = post(
            port, "Datastreams", name=property, description=f" Datastream_id={name}, Datastream_Category={property}", observationType=OM, unitOfMeasurement=unit,
            Thing={"@iot.id": id}, Sensor={"@iot.id": sensor}, ObservedProperty={"@iot.id": properties[property]},
        )  # fmt: skip
        times = []
        for _ in range(2 if observed else 0):
            moment = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(minutes=random.randrange(500_000))
            times.append(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
            place = {"name": name, "description": name, "encodingType": "application/geo+json", "feature": {"type": "Point", "coordinates": list(point)}}
            post(port, "Observations", phenomenonTime=times[-1], resultTime=times[-1], result=random.random(), Datastream={"@iot.id": stream}, FeatureOfInterest=place)
            stock.observations += 1
        stock.streams.append(Stream(stream, property, thing, point if shape == "point" else None, times))


def recorded():
    """Things of the services themselves, as others recorded them."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/corpora/taiwan/civiliot")
    if not os.path.isdir(folder):
        print("SKIPPED: ../shared not present: no recorded Thing is among them")
        return
    load = lambda name: json.load(open(os.path.join(folder, name), encoding="utf-8"))
    air = load("sta_airquality_epaiot_thing1.json")
    yield air["name"], air["properties"], tuple(air["Locations"][0]["location"]["coordinates"]), "PM2.5"
    for stream in load("sta_waterresource_v2_page1_excerpt.json")["value"]:
        thing = stream["Thing"]
        yield thing["name"], thing["properties"], tuple(thing["Locations"][0]["location"]["coordinates"]), "淹水深度"


connections = {}


def call(port, method, path, body=None):
    connection = connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=30))
    data = None if body is None else json.dumps(body).encode()
    for last in (False, True):
        try:
            connection.request(method, urllib.parse.quote(path, safe="/'()$?=&"), data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            break
        except (http.client.HTTPException, OSError):
            connection.close()
            if last:
                raise
    if answer.status >= 300:
        sys.exit(f"{method} {path}: status {answer.status}: {text[:500]!r}")
    return answer


def post(port, set, **entity):
    where = call(port, "POST", f"{ROOT}/{set}", entity).headers["Location"]
    return re.search(r"\('([^']+)'\)$", where)[1]


class Server:
    def __init__(self, folder, port):
        self.database, self.log, self.port, self.process = os.path.join(folder, "sta.db"), os.path.join(folder, "sta.log"), port, None

    def restart(self, mended):
        self.stop()
        self.start(mended)

    def start(self, mended=False):
        command = [sys.executable, os.path.abspath(__file__), "--serve", self.database, "--port", str(self.port)]
        command += ["--mended"] * mended
        self.process = subprocess.Popen(command, stdout=open(self.log, "a"), stderr=subprocess.STDOUT)
        connections.clear()
        deadline = time.monotonic() + 60
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the server did not start: {open(self.log).read()[-2000:]}")
                time.sleep(0.1)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None

    def forget_observations(self):
        import sqlite3

        with sqlite3.connect(self.database) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if name.endswith("_observation")]
            for table in tables:
                database.execute(f'DELETE FROM "{table}"')
        assert tables, "no table of Observations"


class Broken:
    """A server in whose place all is broken."""

    def __init__(self, port):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(500)

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def mend():
    """Each row is expanded by its own entity. Nothing is done where the server is no longer written like that."""
    import inspect, textwrap

    from sensorthings.core import service

    fault = 'entity_data["value"][0] if entity_data["value"] else None'
    right = 'dict(zip(entity_data["ids"], entity_data["value"])).get(getattr(entity, f"{to_snake(field)}_id"))'
    made = 'responses[collection_id] = {"value": collection_values[:top]}'
    kept = 'responses[collection_id] = {"value": collection_values[:top], "ids": collection.entity_ids}'
    source = textwrap.dedent(inspect.getsource(service.SensorThingsService.get_collection))
    if source.count(fault) == source.count(made) == 1:
        names = {}
        exec(source.replace(fault, right).replace(made, kept), vars(service), names)
        service.SensorThingsService.get_collection = names["get_collection"]


def serve(database, port, mended):
    """The server, with the second encoding of Locations that Civil IoT uses allowed."""
    from typing import Literal
    from uuid import UUID

    import django
    from django.conf import settings

    version = "sensorthings.versions.v1_1"
    settings.configure(
        SECRET_KEY="on loopback only", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF="sta_urls", USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", version, f"{version}.backends.django"],
        SENSORTHINGS_V1_1_SERVICE_URL=f"http://127.0.0.1:{port}/sensorthings",
        SENSORTHINGS_V1_1_BACKEND_ADAPTER=f"{version}.backends.django.adapter.DjangoBackendAdapter",
        SENSORTHINGS_V1_1_ID_TYPE=UUID, SENSORTHINGS_V1_1_ID_DELIMITER="'",
        SENSORTHINGS_V1_1_LOCATION_ENCODING_TYPE_VALUE_LITERAL=Literal["application/geo+json", "address"],
    )  # fmt: skip
    django.setup()
    import types

    from django.core.management import call_command
    from django.urls import include, path

    if mended:
        mend()
    urls = types.ModuleType("sta_urls")
    urls.urlpatterns = [path("sensorthings/", include(f"{version}.urls"))]
    sys.modules["sta_urls"] = urls
    call_command("migrate", verbosity=0)
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)


CONFIG = """public_url = "http://127.0.0.1:8999/"
data_dir = "{folder}/data"

[[source]]
id = "air-and-water"
kind = "sensorthings"
url = "http://127.0.0.1:{port}/sensorthings/v1.1/"
title = {{ zh-Hant = "民生公共物聯網（試驗）" }}
schedule = "0 3 * * *"
priority = 1
language = "zh-Hant"

[source.options]
title = "空氣品質與水情"
keywords = ["民生公共物聯網"]
keyword_properties = ["category"]
description_keywords = ["Datastream_Category"]

[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 100.0
limits = {{ tries_max = 2, backoff_first_ms = 100 }}

[[source]]
id = "by-city"
kind = "sensorthings"
url = "http://127.0.0.1:{port}/sensorthings/v1.1/"
title = {{ zh-Hant = "民生公共物聯網，各縣市（試驗）" }}
schedule = "0 4 * * *"
language = "zh-Hant"

[source.options]
group_by = "city"

[source.network]
allow_ranges = ["127.0.0.0/8"]
requests_per_second = 100.0
"""

PREFIXES = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
PREFIX dqv: <http://www.w3.org/ns/dqv#>
PREFIX oa: <http://www.w3.org/ns/oa#>
"""



def of_records(select, said):
    """What a source itself says: of a dataset that both sources have, one record speaks, and each keeps its words in its own graph."""
    said = "?record foaf:primaryTopic ?dataset . ?dataset a dcat:Dataset ; dct:identifier ?key ." + said
    return f"""SELECT {select} {{
  {{ GRAPH ?record {{ {said} }} }}
  UNION {{ {said} FILTER NOT EXISTS {{ GRAPH ?record {{ ?record foaf:primaryTopic ?own }} }} }}
  FILTER(STRSTARTS(STR(?record), "http://127.0.0.1:8999/record/%s/"))
}}"""


SAYS = of_records("?key ?description ?bbox ?middle ?start ?end", """ ?dataset dct:description ?description .
  OPTIONAL { ?dataset dct:spatial ?place . ?place dcat:bbox ?bbox ; dcat:centroid ?middle }
  OPTIONAL { ?dataset dct:temporal ?period . ?period dcat:startDate ?start ; dcat:endDate ?end }""")

WAYS = of_records("?key ?where", """
  ?dataset dcat:distribution [ dct:title "Datastreams, with their Things and places (JSON)"@en ; dcat:accessURL ?where ]""")

NEAR = (120.66, 24.16)  # Taichung

# A bounding box is a rectangle, or a point where all sensors stand at one.
QUESTION = """SELECT ?key ?title ?publisher ?from ?until ?where {
  ?dataset a dcat:Dataset ; dct:identifier ?key ; dcat:keyword "空氣品質"@zh-hant ; dct:title ?title ;
    dct:publisher/foaf:name ?publisher ; dct:spatial/dcat:bbox ?box ; dct:temporal ?period .
  <http://127.0.0.1:8999/catalog/air-and-water> dcat:dataset ?dataset .
  ?period dcat:startDate ?from . OPTIONAL { ?period dcat:endDate ?until }
  BIND("2025-03-01T00:00:00Z"^^xsd:dateTime AS ?time)
  FILTER(?from <= ?time && (!BOUND(?until) || ?time <= ?until))
  BIND(REPLACE(STR(?box), "^[A-Z ]*[(]+|[)]+$", "") AS ?corners)
  BIND(xsd:double(REPLACE(?corners, "^([^ ,]+) ([^ ,]+).*$", "$1")) AS ?west)
  BIND(xsd:double(REPLACE(?corners, "^([^ ,]+) ([^ ,]+).*$", "$2")) AS ?south)
  BIND(REPLACE(?corners, "^[^,]+, [^,]+, ([^,]+),.*$", "$1") AS ?far)
  BIND(xsd:double(STRBEFORE(?far, " ")) AS ?east)
  BIND(xsd:double(STRAFTER(?far, " ")) AS ?north)
  FILTER(?west - 0.1 <= 120.66 && 120.66 <= ?east + 0.1 && ?south - 0.1 <= 24.16 && 24.16 <= ?north + 0.1)
  OPTIONAL { ?dataset dcat:distribution [ dct:title "Observations (JSON)"@en ; dcat:accessURL ?where ] }
} ORDER BY ?title"""

if __name__ == "__main__":
    main()
