import java.io.FileWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.storm.Config;
import org.apache.storm.LocalCluster;
import org.apache.storm.kafka.spout.FirstPollOffsetStrategy;
import org.apache.storm.kafka.spout.KafkaSpout;
import org.apache.storm.kafka.spout.KafkaSpoutConfig;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.topology.TopologyBuilder;
import org.apache.storm.topology.base.BaseRichBolt;
import org.apache.storm.tuple.Tuple;

/** A topology on Storm's local cluster: a KafkaSpout reads a topic in a group, a bolt writes each value as a line and acknowledges it. */
public final class SpoutToFile {
  /** Arguments: bootstrap, topic, group, file. */
  public static void main(String[] args) throws Exception {
    KafkaSpoutConfig<String, String> spout =
        KafkaSpoutConfig.builder(args[0], args[1])
            .setProp("group.id", args[2])
            .setFirstPollOffsetStrategy(FirstPollOffsetStrategy.UNCOMMITTED_EARLIEST)
            .setProcessingGuarantee(KafkaSpoutConfig.ProcessingGuarantee.AT_LEAST_ONCE)
            .setOffsetCommitPeriodMs(500)
            .build();
    TopologyBuilder topology = new TopologyBuilder();
    topology.setSpout("spout", new KafkaSpout<>(spout), 2);
    topology.setBolt("lines", new LineBolt(args[3]), 1).shuffleGrouping("spout");
    Config config = new Config();
    config.setNumAckers(1);
    config.setMessageTimeoutSecs(30);
    LocalCluster cluster = new LocalCluster();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(cluster)));
    cluster.submitTopology("spout-to-file", config, topology.createTopology());
    Thread.currentThread().join();
  }

  private static void close(LocalCluster cluster) {
    try {
      cluster.close();
    } catch (Exception error) {
      System.err.println(error);
    }
  }

  public static final class LineBolt extends BaseRichBolt {
    private final String path;
    private transient OutputCollector collector;

    LineBolt(String path) {
      this.path = path;
    }

    @Override
    public void prepare(Map<String, Object> config, TopologyContext context, OutputCollector output) {
      collector = output;
    }

    @Override
    public void execute(Tuple tuple) {
      try (FileWriter file = new FileWriter(path, StandardCharsets.UTF_8, true)) {
        file.write(tuple.getStringByField("value") + "\n");
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
      collector.ack(tuple);
    }

    @Override
    public void declareOutputFields(OutputFieldsDeclarer declarer) {}
  }
}
