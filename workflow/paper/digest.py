"""Digests of everything that a step's result depends on.

A file that was copied, or written again with the same bytes, has a new date but the same digest. The Snakefile gives
digests to its rules as parameters and tells Snakemake to ignore dates: a step runs again if one of its digests has
changed.

    python3 digest.py FILE...     prints the digests of files
"""
import hashlib
import json
import os
import sys


def of(*things):
    """The digest of things that can be written as JSON: options, lists, other digests."""
    return hashlib.sha256(json.dumps(things, sort_keys=True).encode()).hexdigest()[:16]


def of_file(path, cache=None):
    """The digest of a file's bytes; "" if there is no such file. cache: a JSON file of digests by size and date, so that
    a genome is not read at every start."""
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return ""
    known = {}
    if cache and os.path.exists(cache):
        try:
            with open(cache) as f:
                known = json.load(f)
        except ValueError:
            pass  # it is only a cache
    key, state = os.path.abspath(path), [stat.st_size, stat.st_mtime_ns]
    if known.get(key, [])[:2] == state:
        return known[key][2]
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    known[key] = state + [h.hexdigest()[:16]]
    if cache:
        with open(cache + ".new", "w") as f:
            json.dump(known, f, indent=1)
        os.replace(cache + ".new", cache)
    return known[key][2]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(of_file(name), name, sep="\t")
