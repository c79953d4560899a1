package org.apache.storm.testing;

import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import org.apache.storm.shade.org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.storm.shade.org.apache.zookeeper.server.ZooKeeperServer;

/** Stands before the class of this name in Storm's own jar, whose server listens on every address: this one is on loopback alone. */
public class InProcessZookeeper implements AutoCloseable {
  private final NIOServerCnxnFactory door = new NIOServerCnxnFactory();

  public InProcessZookeeper() throws Exception {
    File folder = Files.createTempDirectory(new File(System.getProperty("java.io.tmpdir")).toPath(), "zookeeper").toFile();
    door.configure(new InetSocketAddress("127.0.0.1", Integer.getInteger("zookeeper.port")), 60);
    door.startup(new ZooKeeperServer(folder, folder, 2000));
  }

  public long getPort() {
    return door.getLocalPort();
  }

  @Override
  public void close() {
    door.shutdown();
  }
}
