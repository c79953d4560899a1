import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.flume.Context;
import org.apache.flume.Event;
import org.apache.flume.event.EventBuilder;
import org.apache.flume.interceptor.Interceptor;
import org.apache.flume.sink.solr.morphline.MorphlineInterceptor;
import org.kitesdk.morphline.api.Command;
import org.kitesdk.morphline.api.MorphlineCompilationException;
import org.kitesdk.morphline.api.MorphlineContext;
import org.kitesdk.morphline.api.Record;
import org.kitesdk.morphline.base.Compiler;
import org.kitesdk.morphline.base.Notifications;

/**
 * Runs morphlines through Kite. Arguments: a JSON file with a list of {file, records} where a record is a list of values a field and a value
 * is "s:text" or "x:base64", and the file to write the outcomes to: {error} or {results, records}. An item with options instead,
 * {options, events}, runs events with headers and a body in base64 through Flume's interceptor; its outcome is {events}, each an event, null where
 * it was dropped, or {error}.
 */
public class KiteRunner {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    // Kite finds commands by the addresses of a class loader's jars, which the loader of Java 9 and later does not tell.
    List<URL> jars = new ArrayList<>();
    for (String jar : System.getProperty("java.class.path").split(File.pathSeparator)) jars.add(new File(jar).toURI().toURL());
    Thread.currentThread().setContextClassLoader(new URLClassLoader(jars.toArray(new URL[0]), KiteRunner.class.getClassLoader()));
    ArrayNode outcomes = MAPPER.createArrayNode();
    for (JsonNode item : MAPPER.readTree(new File(args[0]))) outcomes.add(item.has("options") ? intercept(item) : run(item));
    MAPPER.writeValue(new File(args[1]), outcomes);
  }

  private static ObjectNode run(JsonNode item) {
    ObjectNode outcome = MAPPER.createObjectNode();
    ArrayNode records = MAPPER.createArrayNode();
    Command last = new Command() {
      @Override
      public void notify(Record notification) {}

      @Override
      public boolean process(Record record) {
        records.add(write(record));
        return true;
      }

      @Override
      public Command getParent() {
        return null;
      }
    };
    Command morphline;
    try {
      MorphlineContext context = new MorphlineContext.Builder().build();
      morphline = new Compiler().compile(new File(item.get("file").asText()), null, context, last);
    } catch (Exception e) {
      return outcome.put("error", "compile").put("message", String.valueOf(e.getMessage()));
    }
    outcome.set("records", records);
    ArrayNode results = outcome.putArray("results");
    try {
      Notifications.notifyStartSession(morphline);
      for (JsonNode record : item.get("records")) results.add(morphline.process(read(record)));
    } catch (Exception e) {
      outcome.put("error", "run").put("message", String.valueOf(e.getMessage()));
    }
    return outcome;
  }

  private static ObjectNode intercept(JsonNode item) {
    ObjectNode outcome = MAPPER.createObjectNode();
    Interceptor interceptor;
    try {
      Interceptor.Builder builder = new MorphlineInterceptor.Builder();
      builder.configure(new Context(texts(item.get("options"))));
      interceptor = builder.build();
      interceptor.initialize();
    } catch (Exception e) {
      return outcome.put("error", "compile").put("message", String.valueOf(e.getMessage()));
    }
    ArrayNode events = outcome.putArray("events");
    for (JsonNode given : item.get("events")) {
      byte[] body = Base64.getDecoder().decode(given.get("body").asText());
      try {
        Event event = interceptor.intercept(EventBuilder.withBody(body, texts(given.get("headers"))));
        if (event == null) {
          events.addNull();
          continue;
        }
        ObjectNode shown = events.addObject().put("body", Base64.getEncoder().encodeToString(event.getBody()));
        ObjectNode headers = shown.putObject("headers");
        for (Map.Entry<String, String> header : event.getHeaders().entrySet()) headers.put(header.getKey(), header.getValue());
      } catch (Exception e) {
        events.addObject().put("error", "run").put("message", String.valueOf(e.getMessage()));
      }
    }
    interceptor.close();
    return outcome;
  }

  private static Map<String, String> texts(JsonNode node) {
    Map<String, String> texts = new HashMap<>();
    for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext(); ) {
      Map.Entry<String, JsonNode> field = fields.next();
      texts.put(field.getKey(), field.getValue().asText());
    }
    return texts;
  }

  private static Record read(JsonNode node) {
    Record record = new Record();
    for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext(); ) {
      Map.Entry<String, JsonNode> field = fields.next();
      for (JsonNode value : field.getValue()) {
        String text = value.asText();
        record.put(field.getKey(), text.startsWith("x:") ? Base64.getDecoder().decode(text.substring(2)) : text.substring(2));
      }
    }
    return record;
  }

  private static ObjectNode write(Record record) {
    ObjectNode node = MAPPER.createObjectNode();
    for (Map.Entry<String, Collection<Object>> field : record.getFields().asMap().entrySet()) {
      ArrayNode values = node.putArray(field.getKey());
      for (Object value : field.getValue()) values.add(typed(value));
    }
    return node;
  }

  private static String typed(Object value) {
    if (value instanceof byte[]) return "x:" + Base64.getEncoder().encodeToString((byte[]) value);
    if (value instanceof String) return "s:" + value;
    if (value instanceof Boolean) return "b:" + value;
    if (value instanceof Float || value instanceof Double || value instanceof java.math.BigDecimal) return "d:" + value;
    return (value instanceof Number ? "i:" : "o:") + value;
  }
}
