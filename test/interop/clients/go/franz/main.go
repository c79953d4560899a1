// The franz-go client as the tests call it: `franz COMMAND ARGUMENTS`, brokers in BOOTSTRAP.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/interop/command"
)

func main() {
	command.Run(command.Set{Admin: admin, Produce: produce, Consume: consume, Transactions: transactions, Read: read})
}

func client(more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(os.Getenv("BOOTSTRAP"))}, more...)...)
}

// admin TOPIC PARTITIONS: makes, describes, widens, configures, trims and deletes topics; leaves TOPIC behind.
func admin(ctx context.Context, args []string) error {
	c, err := client()
	if err != nil {
		return err
	}
	defer c.Close()
	a := kadm.NewClient(c)
	topic, partitions := args[0], command.Number(args[1])
	value := "60000"
	if _, err := a.CreateTopic(ctx, int32(partitions), 1, map[string]*string{"retention.ms": &value}, topic); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if _, err := a.CreateTopic(ctx, 1, 1, nil, topic); err == nil || err != kerr.TopicAlreadyExists {
		return fmt.Errorf("a second topic of the name: %v", err)
	}
	configs, err := a.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return err
	}
	for _, c := range configs[0].Configs {
		if c.Key == "retention.ms" {
			fmt.Println("retention.ms", c.MaybeValue())
		}
	}
	if _, err := a.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("-1")}}, topic); err != nil {
		return err
	}
	short := topic + "-short"
	if _, err := a.CreateTopic(ctx, 1, 1, nil, short); err != nil {
		return err
	}
	if _, err := a.UpdatePartitions(ctx, 3, short); err != nil {
		return err
	}
	if err := c.ProduceSync(ctx, &kgo.Record{Topic: short, Value: []byte("x")}, &kgo.Record{Topic: short, Value: []byte("y")}).FirstErr(); err != nil {
		return err
	}
	ends, err := a.ListEndOffsets(ctx, short)
	if err != nil {
		return err
	}
	if _, err := a.DeleteRecords(ctx, ends.Offsets()); err != nil {
		return err
	}
	starts, err := a.ListStartOffsets(ctx, short)
	if err != nil {
		return err
	}
	trimmed := int64(0)
	starts.Each(func(o kadm.ListedOffset) { trimmed += o.Offset })
	described, err := a.ListTopics(ctx, topic, short)
	if err != nil {
		return err
	}
	fmt.Println("partitions", len(described[topic].Partitions), len(described[short].Partitions), "trimmed", trimmed)
	if _, err := a.DeleteTopic(ctx, short); err != nil {
		return err
	}
	left, err := a.ListTopics(ctx)
	if err != nil {
		return err
	}
	fmt.Println("deleted", !left.Has(short), "kept", left.Has(topic))
	return nil
}

// produce TOPIC CODEC COUNT
func produce(ctx context.Context, args []string) error {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	c, err := client(kgo.ProducerBatchCompression(codecs[args[1]]))
	if err != nil {
		return err
	}
	defer c.Close()
	var records []*kgo.Record
	for n := range command.Number(args[2]) {
		value := fmt.Sprintf("%s-%d", args[1], n)
		records = append(records, &kgo.Record{
			Topic: args[0], Key: []byte(value), Value: []byte(value),
			Headers: []kgo.RecordHeader{{Key: "codec", Value: []byte(args[1])}},
		})
	}
	return c.ProduceSync(ctx, records...).FirstErr()
}

// consume TOPIC GROUP: prints each value until it is told to stop.
func consume(ctx context.Context, args []string) error {
	c, err := client(
		kgo.ConsumeTopics(args[0]), kgo.ConsumerGroup(args[1]), kgo.SessionTimeout(10*time.Second),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AutoCommitInterval(200*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		fetches := c.PollFetches(ctx)
		if ctx.Err() != nil {
			return c.CommitUncommittedOffsets(context.Background())
		}
		if errs := fetches.Errors(); len(errs) > 0 {
			return errs[0].Err
		}
		fetches.EachRecord(func(r *kgo.Record) { fmt.Println(string(r.Value)) })
	}
}

// transactions TOPIC TRANSACTIONAL-ID COUNT SOURCE GROUP: transactions of ten records, every second one aborted. The committed ones carry
// offsets of SOURCE for GROUP as well.
func transactions(ctx context.Context, args []string) error {
	s, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(os.Getenv("BOOTSTRAP")), kgo.TransactionalID(args[1]), kgo.TransactionTimeout(30*time.Second),
		kgo.ConsumeTopics(args[3]), kgo.ConsumerGroup(args[4]), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RequireStableFetchOffsets(),
	)
	if err != nil {
		return err
	}
	defer s.Close()
	read := 0
	for n := range command.Number(args[2]) {
		if err := s.Begin(); err != nil {
			return err
		}
		if n%2 == 0 {
			poll, cancel := context.WithTimeout(ctx, 10*time.Second)
			fetches := s.PollRecords(poll, 5)
			cancel()
			read += fetches.NumRecords()
		}
		outcome := "committed"
		if n%2 == 1 {
			outcome = "aborted"
		}
		for i := range 10 {
			r := kgo.Record{Topic: args[0], Value: []byte(fmt.Sprintf("%s-%d-%d", outcome, n, i))}
			if err := s.ProduceSync(ctx, &r).FirstErr(); err != nil {
				return err
			}
		}
		committed, err := s.End(ctx, kgo.TransactionEndTry(n%2 == 0))
		if err != nil {
			return err
		}
		if committed != (n%2 == 0) {
			return fmt.Errorf("transaction %d: committed %v", n, committed)
		}
	}
	fmt.Println("read", read)
	return nil
}

// read TOPIC ISOLATION: prints every value up to the end of the topic.
func read(ctx context.Context, args []string) error {
	level := kgo.ReadUncommitted()
	if args[1] == "read_committed" {
		level = kgo.ReadCommitted()
	}
	c, err := client(kgo.ConsumeTopics(args[0]), kgo.FetchIsolationLevel(level), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		poll, cancel := context.WithTimeout(ctx, 3*time.Second)
		fetches := c.PollFetches(poll)
		cancel()
		if fetches.NumRecords() == 0 {
			return nil
		}
		fetches.EachRecord(func(r *kgo.Record) { fmt.Println(string(r.Value)) })
	}
}
