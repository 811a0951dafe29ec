#!/usr/bin/env python3
"""Writes resource levels and paths in engine/core/src/languages/table.rs anew, from two Python wheels.

    pip download --no-deps lang2vec==1.1.2 urielplus==1.3.2
    scripts/languages.py lang2vec-1.1.2-*.whl urielplus-1.3.2-*.whl

Codes, names and what Belebele has stay as the table has them. Needs numpy. Afterwards: `git diff`.
"""
import csv
import io
import json
import pathlib
import re
import sys
import zipfile

import numpy

TABLE = pathlib.Path(__file__).parent.parent / "engine/core/src/languages/table.rs"
ROW = re.compile(r'^( *(?:belebele|flores)\("(\w{3})_\w{4}", "([^"]*)", ).*$', re.M)

# Why these: the doc comment of the table.
PATH_OF = {"zho": "cmn", "grn": "gug", "srd": "src", "lvs": "lav", "ltg": "lav", "nob": "nor", "nno": "nor", "twi": "aka"}
LEVEL_OF = {"zho": "cmn", "grn": "gug", "srd": "src", "lvs": "lav", "nob": "nor", "nno": "nor",
            "est": "ekk", "uzn": "uzb", "kon": "kng"}
ISOLATES = {"eus": ["Basque"]}
SPELLED = {"Sputhwestern Thai PH": "Southwestern Thai PH"}

lang2vec, urielplus = (zipfile.ZipFile(path) for path in sys.argv[1:3])
family = numpy.load(io.BytesIO(lang2vec.read("lang2vec/data/family_features.npz")), allow_pickle=True)
row_of = {code: row for row, code in enumerate(family["langs"])}
folder = "urielplus/database/urielplus_csvs/"
glottocodes = dict(csv.reader(io.StringIO(urielplus.read(folder + "uriel_glottocode_map.csv").decode())))
levels = json.loads(urielplus.read(folder + "resource_languages.json"))
level_of = {code: level.split("-")[0].title() for level, codes in levels.items() for code in codes}


def path(iso):
    """Features are numbered as trees are walked, so that what contains a node comes before it."""
    on = numpy.flatnonzero(family["data"][row_of[PATH_OF.get(iso, iso)], :, 0])
    names = [str(family["feats"][at]).removeprefix("F_") for at in on]
    return ISOLATES.get(iso) or [SPELLED.get(name, name) for name in names]


def row(found):
    start, iso, name = found.groups()
    level = "None" if "Romanized" in name else f"Some({level_of[glottocodes[LEVEL_OF.get(iso, iso)]]})"
    nodes = ", ".join(f'"{node}"' for node in path(iso))
    return f"{start}{level}, &[{nodes}]),"


TABLE.write_text(ROW.sub(row, TABLE.read_text()))
