// The Sarama client as the tests call it: `sarama COMMAND ARGUMENTS`, brokers in BOOTSTRAP.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	"millrace/interop/command"
)

func main() {
	command.Run(command.Set{Admin: admin, Produce: produce, Consume: consume, Transactions: transactions, Read: read})
}

func brokers() []string { return []string{os.Getenv("BOOTSTRAP")} }

// Sarama derives the versions it speaks from the one it is told.
func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_6_0_0
	if v, err := sarama.ParseKafkaVersion(os.Getenv("KAFKA_VERSION")); err == nil {
		c.Version = v
	}
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Interval = 200 * time.Millisecond
	c.Consumer.Group.Session.Timeout = 10 * time.Second
	return c
}

// admin TOPIC PARTITIONS: makes, describes, widens, configures, trims and deletes topics; leaves TOPIC behind.
func admin(_ context.Context, args []string) error {
	a, err := sarama.NewClusterAdmin(brokers(), config())
	if err != nil {
		return err
	}
	defer a.Close()
	topic, partitions := args[0], command.Number(args[1])
	value := "60000"
	detail := sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &value}}
	if err := a.CreateTopic(topic, &detail, false); err != nil {
		return err
	}
	if err := a.CreateTopic(topic, &detail, false); !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return fmt.Errorf("a second topic of the name: %v", err)
	}
	entries, err := a.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}})
	if err != nil {
		return err
	}
	fmt.Println("retention.ms", entries[0].Value)
	forever := "-1"
	if err := a.IncrementalAlterConfig(sarama.TopicResource, topic, map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &forever},
	}, false); err != nil {
		return err
	}
	short := topic + "-short"
	if err := a.CreateTopic(short, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false); err != nil {
		return err
	}
	if err := a.CreatePartitions(short, 3, nil, false); err != nil {
		return err
	}
	p, err := sarama.NewSyncProducer(brokers(), config())
	if err != nil {
		return err
	}
	defer p.Close()
	offsets := map[int32]int64{}
	for range 2 {
		partition, offset, err := p.SendMessage(&sarama.ProducerMessage{Topic: short, Value: sarama.StringEncoder("x")})
		if err != nil {
			return err
		}
		offsets[partition] = offset + 1
	}
	if err := a.DeleteRecords(short, offsets); err != nil {
		return err
	}
	client, err := sarama.NewClient(brokers(), config())
	if err != nil {
		return err
	}
	defer client.Close()
	trimmed := int64(0)
	for partition := range int32(3) {
		oldest, err := client.GetOffset(short, partition, sarama.OffsetOldest)
		if err != nil {
			return err
		}
		trimmed += oldest
	}
	described, err := a.DescribeTopics([]string{topic, short})
	if err != nil {
		return err
	}
	fmt.Println("partitions", len(described[0].Partitions), len(described[1].Partitions), "trimmed", trimmed)
	if err := a.DeleteTopic(short); err != nil {
		return err
	}
	left, err := a.ListTopics()
	if err != nil {
		return err
	}
	_, shortLeft := left[short]
	_, kept := left[topic]
	fmt.Println("deleted", !shortLeft, "kept", kept)
	return nil
}

// produce TOPIC CODEC COUNT
func produce(_ context.Context, args []string) error {
	codecs := map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}
	c := config()
	c.Producer.Compression = codecs[args[1]]
	c.Producer.Idempotent = true
	c.Net.MaxOpenRequests = 1
	p, err := sarama.NewSyncProducer(brokers(), c)
	if err != nil {
		return err
	}
	defer p.Close()
	var messages []*sarama.ProducerMessage
	for n := range command.Number(args[2]) {
		value := fmt.Sprintf("%s-%d", args[1], n)
		messages = append(messages, &sarama.ProducerMessage{
			Topic: args[0], Key: sarama.StringEncoder(value), Value: sarama.StringEncoder(value),
			Headers: []sarama.RecordHeader{{Key: []byte("codec"), Value: []byte(args[1])}},
		})
	}
	return p.SendMessages(messages)
}

type printer struct{}

func (printer) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (printer) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (printer) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			fmt.Println(string(message.Value))
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

// consume TOPIC GROUP: prints each value until it is told to stop.
func consume(ctx context.Context, args []string) error {
	group, err := sarama.NewConsumerGroup(brokers(), args[1], config())
	if err != nil {
		return err
	}
	defer group.Close()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{args[0]}, printer{}); err != nil {
			return err
		}
	}
	return nil
}

// transactions TOPIC TRANSACTIONAL-ID COUNT SOURCE GROUP: transactions of ten records, every second one aborted. The committed ones carry
// offsets of SOURCE for GROUP as well.
func transactions(_ context.Context, args []string) error {
	c := config()
	c.Producer.Idempotent = true
	c.Producer.Transaction.ID = args[1]
	c.Net.MaxOpenRequests = 1
	p, err := sarama.NewSyncProducer(brokers(), c)
	if err != nil {
		return err
	}
	defer p.Close()
	for n := range command.Number(args[2]) {
		if err := p.BeginTxn(); err != nil {
			return err
		}
		outcome := "committed"
		if n%2 == 1 {
			outcome = "aborted"
		}
		for i := range 10 {
			value := fmt.Sprintf("%s-%d-%d", outcome, n, i)
			if _, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: args[0], Value: sarama.StringEncoder(value)}); err != nil {
				return err
			}
		}
		if n%2 == 1 {
			err = p.AbortTxn()
		} else {
			offsets := map[string][]*sarama.PartitionOffsetMetadata{args[3]: {{Partition: 0, Offset: int64(n + 1)}}}
			if err := p.AddOffsetsToTxn(offsets, args[4]); err != nil {
				return err
			}
			err = p.CommitTxn()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read TOPIC ISOLATION: prints every value up to the end of the topic.
func read(_ context.Context, args []string) error {
	c := config()
	if args[1] == "read_committed" {
		c.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	consumer, err := sarama.NewConsumer(brokers(), c)
	if err != nil {
		return err
	}
	defer consumer.Close()
	partitions, err := consumer.Partitions(args[0])
	if err != nil {
		return err
	}
	for _, partition := range partitions {
		claim, err := consumer.ConsumePartition(args[0], partition, sarama.OffsetOldest)
		if err != nil {
			return err
		}
		for quiet := false; !quiet; {
			select {
			case message := <-claim.Messages():
				fmt.Println(string(message.Value))
			case <-time.After(2 * time.Second):
				quiet = true
			}
		}
		claim.Close()
	}
	return nil
}
