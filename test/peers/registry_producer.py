"""Writes orders with Confluent's own serializers: Avro to one topic, JSON with a JSON Schema to another.

Arguments: registry, bootstrap, topic for Avro, topic for JSON, number of records.
"""

import datetime
import decimal
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

ADDRESS = """{"type": "record", "name": "Address", "namespace": "shop", "fields": [
  {"name": "city", "type": "string"}, {"name": "zip", "type": ["null", "int"], "default": null}]}"""

ORDER = """{"type": "record", "name": "Order", "namespace": "shop", "doc": "An order", "fields": [
  {"name": "id", "type": "long"},
  {"name": "big", "type": "long"},
  {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}},
  {"name": "paid", "type": ["null", {"type": "fixed", "name": "Money", "size": 9, "logicalType": "decimal", "precision": 18, "scale": 2}], "default": null},
  {"name": "day", "type": {"type": "int", "logicalType": "date"}},
  {"name": "clock", "type": {"type": "int", "logicalType": "time-millis"}},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "fine", "type": {"type": "long", "logicalType": "timestamp-micros"}},
  {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "SENT"]}},
  {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 4}},
  {"name": "raw", "type": "bytes"},
  {"name": "note", "type": ["null", "string"], "default": null},
  {"name": "either", "type": ["null", "string", "long"], "default": null},
  {"name": "tags", "type": {"type": "array", "items": "string"}},
  {"name": "counts", "type": {"type": "map", "values": "long"}},
  {"name": "ratio", "type": "double"},
  {"name": "ok", "type": "boolean"},
  {"name": "address", "type": "shop.Address"}]}"""

ORDER_JSON = """{"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object", "properties": {
  "id": {"type": "integer", "connect.index": 0}, "name": {"type": "string", "connect.index": 1},
  "big": {"type": "integer", "connect.type": "int64", "connect.index": 2},
  "price": {"oneOf": [{"type": "null"}, {"type": "number"}], "connect.index": 3}}, "required": ["id", "name"]}"""


def order(index):
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=datetime.timezone.utc)
    moment += datetime.timedelta(seconds=index, microseconds=index)
    sign = -1 if index % 2 else 1
    return {
        "id": index,
        "big": sign * (9223372036854775807 - index),
        "amount": decimal.Decimal(sign * (1234567890123456 + index)).scaleb(-4),
        "paid": None if index % 3 == 0 else decimal.Decimal(index).scaleb(-2),
        "day": moment.date(),
        "clock": datetime.time(index % 24, 4, 5, 123000),
        "at": moment.replace(microsecond=123000),
        "fine": moment,
        "status": "SENT" if index % 2 else "NEW",
        "hash": bytes([index % 256, 0, 255, 7]),
        "raw": bytes(range(index % 5)),
        "note": None if index % 2 else "grüße %d" % index,
        "either": None if index % 3 == 0 else "text" if index % 3 == 1 else 9007199254740993,
        "tags": ["t%d" % each for each in range(index % 3)],
        "counts": {"c": index, "big": 2**60},
        "ratio": index / 4,
        "ok": index % 2 == 0,
        "address": {"city": "Bern", "zip": None if index % 2 else 3000 + index},
    }


def main(registry, bootstrap, avro_topic, json_topic, count):
    client = SchemaRegistryClient({"url": registry})
    client.register_schema("address", Schema(ADDRESS, "AVRO"))
    reference = SchemaReference("shop.Address", "address", 1)
    avro = AvroSerializer(client, Schema(ORDER, "AVRO", [reference]))
    as_json = JSONSerializer(ORDER_JSON, client)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    for index in range(int(count)):
        key = b"k%d" % index
        value = avro(order(index), SerializationContext(avro_topic, MessageField.VALUE))
        producer.produce(avro_topic, key=key, value=value)
        simple = {"id": index, "name": "n%d" % index, "big": 2**62 + index, "price": None if index % 2 else index / 2}
        producer.produce(json_topic, key=key, value=as_json(simple, SerializationContext(json_topic, MessageField.VALUE)))
        if index % 1000 == 0:
            producer.poll(0)
    # One with an id that no schema has.
    producer.produce(avro_topic, key=b"unknown", value=b"\x00\x7f\xff\xff\xff\x00")
    left = producer.flush(30)
    if left:
        raise SystemExit("%d records were not written" % left)


if __name__ == "__main__":
    main(*sys.argv[1:])
