import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Runs Kafka Connect's own transforms. Arguments: a JSON file with a list of {transforms: [{type, options, predicate?: {type, options}, negate?}],
 * topic, key, value, headers: [[name, text]]} with key and value as JSON text in Connect's envelope, and the file for the outcomes: {error}, {dropped} or
 * {topic, key, value, headers}, key and value in the envelope again.
 */
public class TransformRunner {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final JsonConverter KEYS = new JsonConverter();
  private static final JsonConverter VALUES = new JsonConverter();
  private static final SimpleHeaderConverter HEADERS = new SimpleHeaderConverter();

  public static void main(String[] args) throws Exception {
    KEYS.configure(Map.of("schemas.enable", "true"), true);
    VALUES.configure(Map.of("schemas.enable", "true"), false);
    ArrayNode outcomes = MAPPER.createArrayNode();
    for (JsonNode item : MAPPER.readTree(new File(args[0]))) outcomes.add(run(item));
    MAPPER.writeValue(new File(args[1]), outcomes);
  }

  private static ObjectNode run(JsonNode item) {
    ObjectNode outcome = MAPPER.createObjectNode();
    try {
      SinkRecord record = record(item);
      for (JsonNode link : item.get("transforms")) {
        if (record == null) break;
        if (link.has("predicate") && !holds(link, record)) continue;
        Transformation<SinkRecord> transform = create(link.get("type").asText());
        transform.configure(options(link));
        record = transform.apply(record);
      }
      if (record == null) {
        outcome.put("dropped", true);
        return outcome;
      }
      outcome.put("topic", record.topic());
      outcome.put("key", text(KEYS.fromConnectData(record.topic(), record.keySchema(), record.key())));
      outcome.put("value", text(VALUES.fromConnectData(record.topic(), record.valueSchema(), record.value())));
      ArrayNode headers = outcome.putArray("headers");
      for (Header header : record.headers()) {
        headers.addArray().add(header.key()).add(text(HEADERS.fromConnectHeader(record.topic(), header.key(), header.schema(), header.value())));
      }
    } catch (Throwable error) {
      outcome.removeAll();
      outcome.put("error", error.toString());
    }
    return outcome;
  }

  private static SinkRecord record(JsonNode item) {
    String topic = item.get("topic").asText();
    SchemaAndValue key = KEYS.toConnectData(topic, bytes(item.get("key")));
    SchemaAndValue value = VALUES.toConnectData(topic, bytes(item.get("value")));
    ConnectHeaders headers = new ConnectHeaders();
    for (JsonNode header : item.get("headers")) {
      SchemaAndValue read = HEADERS.toConnectHeader(topic, header.get(0).asText(), bytes(header.get(1)));
      headers.add(header.get(0).asText(), read);
    }
    return new SinkRecord(topic, 3, key.schema(), key.value(), value.schema(), value.value(), 42L, 1767312000123L, TimestampType.CREATE_TIME, headers);
  }

  private static boolean holds(JsonNode link, SinkRecord record) throws Exception {
    Predicate<SinkRecord> predicate = create(link.get("predicate").get("type").asText());
    predicate.configure(options(link.get("predicate")));
    return predicate.test(record) != (link.has("negate") && link.get("negate").asBoolean());
  }

  @SuppressWarnings("unchecked")
  private static <T> T create(String type) throws Exception {
    return (T) Class.forName(type).getDeclaredConstructor().newInstance();
  }

  private static Map<String, String> options(JsonNode link) {
    Map<String, String> options = new HashMap<>();
    link.get("options").fields().forEachRemaining(entry -> options.put(entry.getKey(), entry.getValue().asText()));
    return options;
  }

  private static byte[] bytes(JsonNode node) {
    return node == null || node.isNull() ? null : node.asText().getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}
