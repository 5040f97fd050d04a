#!/usr/bin/env python3
"""Holds /data.json of a running harvestd against the JSON Schema of DCAT-US 1.1 (draft 4), formats included.

    python tests/peers/data_json.py [--url http://127.0.0.1:8080] [--schema ../shared/standards/dcat-us-1.1/v1.1/schema]

Needs Python with jsonschema (and rfc3987 to check addresses, which it says where it is missing), and the schema's files; says
what is missing, and ends with 0 then. Start reading at main().
"""
import argparse, collections, json, os, sys, urllib.request


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--schema", default="../shared/standards/dcat-us-1.1/v1.1/schema")
    options = parser.parse_args()
    if not os.path.isdir(options.schema):
        return print(f"SKIPPED: {options.schema} not present")
    try:
        import jsonschema, referencing, referencing.jsonschema
    except ImportError as error:
        return print(f"SKIPPED: {error}")
    with urllib.request.urlopen(f"{options.url}/data.json", timeout=600) as answer:
        document = json.load(answer)
    schemas = [json.load(open(os.path.join(options.schema, name), encoding="utf-8")) for name in sorted(os.listdir(options.schema)) if name.endswith(".json")]
    resources = [referencing.Resource.from_contents(schema, default_specification=referencing.jsonschema.DRAFT4) for schema in schemas]
    registry = referencing.Registry().with_resources([(schema["id"].rstrip("#"), resource) for schema, resource in zip(schemas, resources)])
    catalog = next(schema for schema in schemas if schema["id"].endswith("catalog.json#"))
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    if "uri" not in checker.checkers:
        print("not checked: that addresses are URIs (no rfc3987)")
    validator = jsonschema.Draft4Validator(catalog, registry=registry, format_checker=checker)
    wrong = collections.Counter(f"{'/'.join(str(p) for p in error.path if not isinstance(p, int))}: {error.message[:200]}" for error in validator.iter_errors(document))
    listed, left_out = len(document["dataset"]), document["harvestd:leftOut"]
    if listed != document["harvestd:listed"]:
        wrong[f"it lists {listed} datasets and says {document['harvestd:listed']}"] += 1
    for message, times in wrong.most_common(20):
        print(f"{times} times {message}")
    if wrong:
        sys.exit("FAILED")
    print(f"{listed} datasets, all as the schema has them; left out: {json.dumps(left_out)}")


if __name__ == "__main__":
    main()
