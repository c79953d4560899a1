import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;

/** Every call of the client but the plugins' own, on a sink of a topic; a line `name value` for each. Arguments: URL, name, topic, folder. */
public class ConnectTour {
  public static void main(String[] args) throws Exception {
    String name = args[1];
    KafkaConnectClient client = new KafkaConnectClient(new Configuration(args[0]));
    Map<String, String> config = new TreeMap<>(Map.of("connector.class", "file", "topics", args[2], "file.path", args[3]));
    say("version", client.getConnectServerVersion().getVersion());
    say("plugin", client.getConnectorPlugins().stream().anyMatch(plugin -> plugin.getClassName().equals("file")));
    say("errors", client.validateConnectorPluginConfig(new ConnectorPluginConfigDefinition("file", Map.of("connector.class", "file", "topics", args[2]))).getErrorCount());
    say("added", client.addConnector(NewConnectorDefinition.newBuilder().withName(name).withConfig(config).build()).getName());
    say("listed", client.getConnectors().contains(name));
    until("RUNNING", () -> client.getConnectorStatus(name).getTasks().stream().map(task -> task.getState()).findFirst().orElse("none"));
    say("type", client.getConnectorStatus(name).getType());
    say("config", client.getConnectorConfig(name).get("file.path").equals(args[3]));
    say("definition", client.getConnector(name).getConfig().get("topics"));
    say("expanded status", client.getConnectorsWithExpandedStatus().getStatusForConnector(name).getConnector().get("state"));
    say("expanded info", client.getConnectorsWithExpandedInfo().getDefinitionForConnector(name).getName());
    say("expanded both", client.getConnectorsWithAllExpandedMetadata().getConnectorNames().contains(name));
    say("tasks", client.getConnectorTasks(name).size());
    say("task", client.getConnectorTaskStatus(name, 0).getId());
    say("task restarted", client.restartConnectorTask(name, 0));
    say("restarted", client.restartConnector(name));
    say("paused", client.pauseConnector(name));
    until("PAUSED", () -> client.getConnectorStatus(name).getConnector().get("state"));
    say("resumed", client.resumeConnector(name));
    until("RUNNING", () -> client.getConnectorStatus(name).getConnector().get("state"));
    config.put("tasks.max", "2");
    say("updated", client.updateConnectorConfig(name, config).getConfig().get("tasks.max"));
    say("topics reset", client.resetConnectorTopics(name));
    say("topics", client.getConnectorTopics(name).getName());
    say("stopped", client.stopConnector(name));
    until("STOPPED", () -> client.getConnectorStatus(name).getConnector().get("state"));
    say("deleted", client.deleteConnector(name));
    say("listed afterwards", client.getConnectors().contains(name));
    try {
      client.getConnector(name);
      say("unknown", "was answered");
    } catch (RuntimeException error) {
      say("unknown", error.getClass().getSimpleName());
    }
  }

  static void say(String name, Object value) {
    System.out.println(name + "\t" + value);
  }

  static void until(String wanted, Callable<String> state) throws Exception {
    String last = "";
    for (int tries = 0; tries < 300; tries += 1) {
      last = state.call();
      if (last.equals(wanted)) {
        say("until " + wanted, "true");
        return;
      }
      Thread.sleep(100);
    }
    say("until " + wanted, "it was " + last);
  }
}
