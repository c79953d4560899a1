import java.io.File;
import java.util.List;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.security.AuthenticationUser;
import org.apache.activemq.security.SimpleAuthenticationPlugin;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

/** ActiveMqClassic DIRECTORY USER PASSWORD CONNECTOR...: a broker on disk with one user. */
public class ActiveMqClassic {
  public static void main(String[] args) throws Exception {
    BrokerService broker = new BrokerService();
    broker.setBrokerName("peer");
    broker.setUseJmx(false);
    broker.setUseShutdownHook(true);
    broker.setSchedulerSupport(false);
    broker.setDataDirectory(args[0]);
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(args[0], "kahadb"));
    broker.setPersistenceAdapter(store);
    broker.getSystemUsage().getMemoryUsage().setLimit(64L << 20);
    broker.getSystemUsage().getStoreUsage().setLimit(1L << 30);
    broker.getSystemUsage().getTempUsage().setLimit(64L << 20);
    broker.setPlugins(new BrokerPlugin[] {
        new SimpleAuthenticationPlugin(List.of(new AuthenticationUser(args[1], args[2], "all")))});
    for (int i = 3; i < args.length; i++) broker.addConnector(args[i]);
    broker.start();
    broker.waitUntilStarted();
    System.out.println("broker started");
    broker.waitUntilStopped();
  }
}
