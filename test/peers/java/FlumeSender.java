import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flume.Event;
import org.apache.flume.EventDeliveryException;
import org.apache.flume.api.RpcClient;
import org.apache.flume.api.RpcClientFactory;
import org.apache.flume.event.EventBuilder;

/**
 * Sends events by Flume's own clients: FlumeSender COUNT SIZE PROPERTIES... Each file of properties makes a client, which sends COUNT events `name-n`,
 * filled up to SIZE characters, with the headers `client` and `n`: the first by itself, the rest in batches of the client's size. For each
 * client a line says `name sent COUNT in MS ms`, or `name failed: why`.
 */
public class FlumeSender {
  public static void main(String[] arguments) {
    int count = Integer.parseInt(arguments[0]);
    int size = Integer.parseInt(arguments[1]);
    for (int at = 2; at < arguments.length; at++) {
      File file = new File(arguments[at]);
      String name = file.getName().replace(".properties", "");
      long begin = System.nanoTime();
      try {
        RpcClient client = RpcClientFactory.getInstance(file);
        try {
          send(client, name, count, size);
        } finally {
          client.close();
        }
        System.out.println(name + " sent " + count + " in " + (System.nanoTime() - begin) / 1_000_000 + " ms");
      } catch (Exception error) {
        System.out.println(name + " failed: " + error);
      }
    }
    System.exit(0);
  }

  private static void send(RpcClient client, String name, int count, int size) throws EventDeliveryException {
    client.append(event(name, 0, size));
    List<Event> batch = new ArrayList<>();
    for (int n = 1; n < count; n++) {
      batch.add(event(name, n, size));
      if (batch.size() < client.getBatchSize() && n + 1 < count) continue;
      client.appendBatch(batch);
      batch = new ArrayList<>();
    }
  }

  private static Event event(String name, int n, int size) {
    StringBuilder body = new StringBuilder(name + "-" + n + "-zwölf");
    while (body.length() < size) body.append('x');
    Map<String, String> headers = new HashMap<>();
    headers.put("client", name);
    headers.put("n", "№" + n);
    return EventBuilder.withBody(body.toString().getBytes(StandardCharsets.UTF_8), headers);
  }
}
