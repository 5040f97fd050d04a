#!/usr/bin/env python3
"""Asks the search page of a daemon that holds the national export what people ask, and looks at what comes first.

    python tests/peers/search_questions.py http://127.0.0.1:8080

Each question says what the first titles must have, each of them one of the words of every group. Every word of
vocab/tables/word.tsv has to find something, whatever its language. Then the pages are asked
again and again, with words, facets and orders, and the 95th percentile of the time they take is printed (goal: 30 ms). Needs
no package. Ends with 1 where a question is answered otherwise. Start reading at main().
"""
import argparse, html, pathlib, re, statistics, sys, time, urllib.parse, urllib.request

# The question; how many titles are looked at; words of which each title has one, group by group.
QUESTIONS = [
    ("空氣品質", 5, [["空氣品質"]]),
    ("臺北市公車", 3, [["公車", "客運"]]),
    ("台北市 公車", 3, [["公車", "客運"]]),
    ("水庫水位", 3, [["水庫"]]),
    ("登革熱", 5, [["登革熱"]]),
    ("交通事故", 5, [["事故"]]),
    ("停車場", 5, [["停車"]]),
    ("預算書", 5, [["預算"]]),
    ("稅", 5, [["稅"]]),
    ("ＡＥＤ", 3, [["aed", "電擊器"]]),
    ("AQI", 2, [["aqi"]]),
    ("youbike", 3, [["youbike", "自行車", "微笑單車"]]),
    ("PM2.5", 3, [["pm2.5", "細懸浮"]]),
    ("GIS", 3, [["gis"]]),
    ("open data", 1, [["open data"]]),
    # Asked in English, answered by what is written in Chinese.
    ("air quality", 5, [["空氣品質"]]),
    ("bus routes in Taipei", 1, [["公車"], ["台北"]]),
    ("reservoir water level", 1, [["水庫"]]),
    ("dengue fever", 5, [["登革熱"]]),
    ("traffic accidents in Tainan", 2, [["事故"], ["台南"]]),
    ("unemployment rate", 3, [["失業"]]),
    ("car parks", 5, [["停車"]]),
    ("public toilets", 3, [["公廁", "廁所"]]),
]
TIMED = [
    "",
    "?q=%E7%A9%BA%E6%B0%A3%E5%93%81%E8%B3%AA",
    "?q=%E8%B3%87%E6%96%99",
    "?q=%E7%B5%B1%E8%A8%88&sort=newest",
    "?res_format=CSV",
    "?res_format=CSV&res_format=JSON&access=open",
    "?sort=title&page=3",
    "?changed=week&res_format=XML",
    "?q=%E6%B0%B4",
    "?q=%E8%87%BA%E5%8C%97%E5%B8%82%20%E5%85%AC%E8%BB%8A&res_format=JSON",
]
GOAL_MS = 30
WORDS = pathlib.Path(__file__).parents[2] / "vocab/tables/word.tsv"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    base = options.base.rstrip("/")
    wrong = 0
    for question, looked_at, groups in QUESTIONS:
        count, titles = found(base, question)
        first = titles[:looked_at]
        good = len(first) == looked_at and all(fits(title, groups) for title in first)
        wrong += not good
        print(f"{'as expected' if good else 'OTHERWISE'}\t{question}\t{count}\t{' | '.join(first)}")
    for row in open(WORDS, encoding="utf-8").read().splitlines():
        english, _, chinese = row.partition("\t")
        for word in [] if row.startswith("#") else english.split("|") + chinese.split("|"):
            if not found(base, word)[1]:
                wrong += 1
                print(f"FINDS NOTHING\t{word}\t{row}")
    times = sorted(asked(base + "/search" + query)[1] for _ in range(options.rounds) for query in TIMED)
    p95 = times[int(len(times) * 0.95) - 1]
    print(f"{len(times)} pages: median {statistics.median(times):.1f} ms, 95th percentile {p95:.1f} ms (goal {GOAL_MS})")
    sys.exit(1 if wrong else 0)


def found(base, question):
    page, _ = asked(base + "/search?" + urllib.parse.urlencode({"q": question, "lang": "zh-Hant"}))
    titles = re.findall(r"<h3><a [^>]*>(.*?)</a></h3>", page)
    titles = [html.unescape(title.replace("<mark>", "").replace("</mark>", "")) for title in titles]
    return re.search(r"data-said>([^<]*)<", page).group(1), titles


def fits(title, groups):
    folded = title.lower().replace("臺", "台")
    return all(any(word in folded for word in group) for group in groups)


def asked(address):
    request = urllib.request.Request(address, headers={"Accept": "text/html"})
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        page = answer.read().decode()
    return page, (time.monotonic() - began) * 1000


main()
