import java.io.File;
import java.util.Set;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.config.impl.SecurityConfiguration;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.api.core.SimpleString;
import org.apache.activemq.artemis.spi.core.security.ActiveMQJAASSecurityManager;
import org.apache.activemq.artemis.spi.core.security.jaas.InVMLoginModule;

/** Artemis DIRECTORY USER PASSWORD ACCEPTOR...: a broker on disk with one user, queues and addresses made on first use; -Dattempts=N limits deliveries. */
public class Artemis {
  public static void main(String[] args) throws Exception {
    File home = new File(args[0]);
    Configuration configuration = new ConfigurationImpl()
        .setName("peer")
        .setPersistenceEnabled(true)
        .setJournalType(JournalType.NIO)
        .setJournalMinFiles(2)
        .setJournalFileSize(1 << 20)
        .setJournalDirectory(new File(home, "journal").getPath())
        .setBindingsDirectory(new File(home, "bindings").getPath())
        .setPagingDirectory(new File(home, "paging").getPath())
        .setLargeMessagesDirectory(new File(home, "large").getPath())
        .setSecurityEnabled(true)
        .setJMXManagementEnabled(false)
        .setMaxDiskUsage(99);
    for (int i = 3; i < args.length; i++) configuration.addAcceptorConfiguration("acceptor" + i, args[i]);
    configuration.putSecurityRoles("#", Set.of(new Role("all", true, true, true, true, true, true, true, true, true, true, false, false)));
    configuration.addAddressSetting("#", new AddressSettings()
        .setDefaultAddressRoutingType(RoutingType.ANYCAST)
        .setDefaultQueueRoutingType(RoutingType.ANYCAST)
        .setDeadLetterAddress(SimpleString.of("DLQ"))
        .setAutoCreateDeadLetterResources(true)
        .setMaxDeliveryAttempts(Integer.getInteger("attempts", -1))
        .setAutoDeleteQueues(false)
        .setAutoDeleteAddresses(false));
    SecurityConfiguration users = new SecurityConfiguration();
    users.addUser(args[1], args[2]);
    users.addRole(args[1], "all");
    EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
    broker.setConfiguration(configuration);
    broker.setSecurityManager(new ActiveMQJAASSecurityManager(InVMLoginModule.class.getName(), users));
    broker.start();
    System.out.println("broker started");
    Thread.currentThread().join();
  }
}
