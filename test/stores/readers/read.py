"""Reads files of records with DuckDB and pyarrow and prints their rows: a line of JSON a file, {"path", "reader", "rows"}."""

import base64
import datetime
import decimal
import json
import sys

import duckdb
import pyarrow.parquet as parquet


def plain(value):
    """As JSON can say it."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return round(value.replace(tzinfo=value.tzinfo or datetime.timezone.utc).timestamp() * 1000)
    if isinstance(value, (datetime.date, datetime.time, decimal.Decimal)):
        return str(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def by_duckdb(path):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    if path.endswith(".parquet"):
        source = f"read_parquet('{path}')"
    elif ".csv" in path:
        source = f"read_csv('{path}', header = true, all_varchar = true, nullstr = '', allow_quoted_nulls = false)"
    else:
        source = f"read_json('{path}', format = 'newline_delimited')"
    cursor = connection.execute(f"SELECT * FROM {source}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


for path in sys.argv[1:]:
    found = [("duckdb", by_duckdb(path))]
    if path.endswith(".parquet"):
        found.append(("pyarrow", parquet.ParquetFile(path).read().to_pylist()))
    for reader, rows in found:
        print(json.dumps({"path": path, "reader": reader, "rows": plain(rows)}))
