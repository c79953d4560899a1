"""The Python client (librdkafka) as the tests call it: `client.py COMMAND ARGUMENTS`, brokers in BOOTSTRAP."""

import os
import signal
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


signal.signal(signal.SIGTERM, stop)

base = {"bootstrap.servers": os.environ["BOOTSTRAP"]}


def done(futures):
    return {key: future.result(20) for key, future in futures.items()}


def admin(topic, partitions):
    """Makes, describes, widens, configures, trims and deletes topics; leaves `topic` behind."""
    client = AdminClient(base)
    done(client.create_topics([NewTopic(topic, int(partitions), 1, config={"retention.ms": "60000"})]))
    try:
        done(client.create_topics([NewTopic(topic, 1, 1)]))
        raise SystemExit("a second topic of the name was made")
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
    resource = ConfigResource(ResourceType.TOPIC, topic)
    print("retention.ms", done(client.describe_configs([resource]))[resource]["retention.ms"].value)
    change = ConfigEntry("retention.ms", "-1", incremental_operation=AlterConfigOpType.SET)
    done(client.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])]))
    short = f"{topic}-short"
    done(client.create_topics([NewTopic(short, 1, 1)]))
    done(client.create_partitions([NewPartitions(short, 3)]))
    placed = []
    producer = Producer(base)
    for _ in range(2):
        producer.produce(short, b"x", partition=0, on_delivery=lambda _error, message: placed.append(message.offset()))
    producer.flush(20)
    done(client.delete_records([TopicPartition(short, 0, max(placed) + 1)]))
    starts = done(client.list_offsets({TopicPartition(short, index): OffsetSpec.earliest() for index in range(3)}))
    trimmed = sum(result.offset for result in starts.values())
    topics = client.list_topics(timeout=20).topics
    print("partitions", len(topics[topic].partitions), len(topics[short].partitions), "trimmed", trimmed)
    done(client.delete_topics([short]))
    left = client.list_topics(timeout=20).topics
    print("deleted", str(short not in left).lower(), "kept", str(topic in left).lower())


def produce(topic, codec, count):
    failures = []
    producer = Producer({**base, "compression.type": codec, "enable.idempotence": True})
    for n in range(int(count)):
        value = f"{codec}-{n}"
        producer.produce(
            topic,
            value,
            value,
            headers={"codec": codec},
            on_delivery=lambda error, _message: failures.append(error) if error else None,
        )
        producer.poll(0)
    if producer.flush(30) or failures:
        raise SystemExit(f"not delivered: {failures}")


def consume(topic, group):
    """Prints each value until it is told to stop."""
    consumer = Consumer(
        {
            **base,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 200,
            **({"group.protocol": "consumer"} if os.environ.get("GROUP_PROTOCOL") == "consumer" else {"session.timeout.ms": 10000}),
            **({"partition.assignment.strategy": "cooperative-sticky"} if os.environ.get("GROUP_PROTOCOL") == "cooperative" else {}),
        }
    )
    consumer.subscribe([topic])
    while not stopped:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        print(message.value().decode(), flush=True)
    consumer.close()


def transactions(topic, transactional_id, count, source, group):
    """Transactions of ten records, every second one aborted. The committed ones carry offsets of `source` for `group` as well."""
    consumer = Consumer({**base, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([source])
    producer = Producer({**base, "transactional.id": transactional_id, "transaction.timeout.ms": 30000})
    producer.init_transactions(30)
    read = 0
    for n in range(int(count)):
        producer.begin_transaction()
        commits = n % 2 == 0
        if commits:
            read += len([message for message in consumer.consume(5, 10) if not message.error()])
        for i in range(10):
            producer.produce(topic, f"{'committed' if commits else 'aborted'}-{n}-{i}")
        if commits:
            producer.send_offsets_to_transaction(
                consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), 30
            )
            producer.commit_transaction(30)
        else:
            producer.flush(30)
            producer.abort_transaction(30)
    consumer.close()
    print("read", read)


def read(topic, isolation):
    """Prints every value up to the end of the topic."""
    consumer = Consumer(
        {**base, "group.id": f"read-{os.getpid()}", "isolation.level": isolation, "enable.partition.eof": True}
    )
    partitions = consumer.list_topics(topic, 20).topics[topic].partitions
    consumer.assign([TopicPartition(topic, index, OFFSET_BEGINNING) for index in partitions])
    ended = set()
    while len(ended) < len(partitions):
        message = consumer.poll(20)
        if message is None:
            raise SystemExit("the end of the topic did not come")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            ended.add(message.partition())
            continue
        print(message.value().decode())
    consumer.close()


commands = {"admin": admin, "produce": produce, "consume": consume, "transactions": transactions, "read": read}
commands[sys.argv[1]](*sys.argv[2:])
