import java.util.List;
import org.apache.flume.node.Application;

/**
 * Several Flume agents in one virtual machine: arguments are pairs of an agent's name and its configuration file. Each is started by the
 * main method that the command line of Flume calls.
 */
public class FlumeAgents {
  public static void main(String[] arguments) {
    for (int at = 0; at + 1 < arguments.length; at += 2) {
      Application.main(List.of("--name", arguments[at], "--conf-file", arguments[at + 1], "--no-reload-conf").toArray(new String[0]));
    }
    System.out.println("all agents were started");
  }
}
