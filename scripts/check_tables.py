"""The Parquet and CSV files of a run mean the same to pandas, DuckDB and Polars, and agree with one another."""

import csv
import json
import math
import sys
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.parquet

out = Path(sys.argv[1])
results = json.loads((out / "results.json").read_text())
endpoints = results["design"]["endpoints"]
arms = [arm["name"] for arm in results["design"]["arms"]]
subjects = results["design"]["subjects"]
path = out / "subjects.parquet"

# Every column has a label, and a unit where its values have one; levels say how they are decoded.
schema = pyarrow.parquet.read_schema(path)
for field in schema:
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    assert metadata["label"], field.name
    assert "unit" in metadata, field.name
    if pyarrow.types.is_dictionary(field.type):
        assert json.loads(metadata["decode"]), field.name

frame = pandas.read_parquet(path)
assert list(frame["ARM"].cat.categories) == arms if hasattr(frame["ARM"], "cat") else True
assert len(frame) == subjects * len(arms)
assert frame.groupby("ARM", observed=True).size().to_dict() == dict.fromkeys(arms, subjects)

lazy = polars.read_parquet(path)
compared = 0
for endpoint in endpoints:
    name = endpoint["name"]
    by_pandas = frame.groupby("ARM", observed=True)[name].mean().to_dict()
    by_duckdb = dict(duckdb.sql(f'select ARM, avg("{name}") from \'{path}\' group by ARM').fetchall())
    by_polars = dict(lazy.group_by("ARM").agg(polars.col(name).mean()).rows())
    for arm in arms:
        values = [by_pandas[arm], by_duckdb[arm], by_polars[arm]]
        assert all(math.isclose(v, values[0], rel_tol=1e-12, abs_tol=1e-15) for v in values), (arm, name, values)
        compared += 1

# The median in the summary is that of the rows, both at the central parameters; the sketch behind it is good to 1 %.
with open(out / "summary.csv", newline="") as file:
    summary = list(csv.DictReader(file))
medians = 0
for row in summary:
    if row["statistic"] == "median" and row["scenario"] in ("", "base"):
        own = frame.loc[frame["ARM"] == row["arm"], row["endpoint"]].median()
        assert math.isclose(own, float(row["value"]), rel_tol=0.01), (row, own)
        medians += 1
print(f"{path.name}: {len(frame)} rows, {len(schema)} columns; pandas, DuckDB and Polars agree on {compared} means;")
print(f"summary.csv: {len(summary)} estimates, {medians} medians as in the rows")
