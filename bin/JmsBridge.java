import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.Map;
import javax.naming.Context;
import javax.naming.InitialContext;

/**
 * The other half of the collector's source "jms" for providers that speak neither AMQP 1.0 nor STOMP: one JMS consumer in a transacted
 * session, driven over standard input and output. Run by the source launcher (java -cp PROVIDER_JARS JmsBridge.java), JDK 11 or newer.
 *
 * JMS is reached by reflection, so that one program does for javax.jms and jakarta.jms, and needs neither to be compiled.
 *
 * From the collector: settings once (count, then names and values), then commands of one byte: N and a number (receive up to so many), C (commit),
 * R (roll back), Q (end). To the collector: frames of a length, a type and its fields. S: connected. B: messages. D: committed or rolled
 * back. W: a text, an error that was survived, and as many errors are left. E: a text; the program ends. Numbers have four bytes, texts are
 * UTF-8 behind their length. The end of standard input ends the program: nothing is left behind by a collector that was killed.
 */
public class JmsBridge {
  private final DataInputStream in;
  private final DataOutputStream out;
  private final Map<String, String> settings = new HashMap<>();
  private final ByteArrayOutputStream frameBytes = new ByteArrayOutputStream();
  private final DataOutputStream frame = new DataOutputStream(frameBytes);
  private volatile String broken;
  private String api;
  private Object connection;
  private Object session;
  private Object consumer;
  private Charset charset;
  private int errorsLeft;

  private JmsBridge(DataInputStream in, DataOutputStream out) {
    this.in = in;
    this.out = out;
  }

  public static void main(String[] args) throws IOException {
    PrintStream stdout = System.out;
    // Providers print what they like; only frames may go to the collector.
    System.setOut(System.err);
    JmsBridge bridge = new JmsBridge(new DataInputStream(System.in), new DataOutputStream(stdout));
    try {
      bridge.readSettings();
      bridge.connect();
      bridge.send('S');
      bridge.serve();
    } catch (EOFException end) {
      // The collector is gone; what was not committed is rolled back with the session.
    } catch (Throwable failure) {
      bridge.text(describe(failure));
      bridge.send('E');
    }
    bridge.close();
    // Threads of a provider must not keep the program alive.
    Runtime.getRuntime().halt(0);
  }

  private void readSettings() throws IOException {
    for (int left = in.readInt(); left > 0; left--) settings.put(readText(), readText());
    charset = Charset.forName(settings.get("charset"));
    errorsLeft = Integer.parseInt(settings.get("errorThreshold"));
  }

  private void connect() throws Exception {
    Hashtable<String, String> environment = new Hashtable<>();
    environment.put(Context.INITIAL_CONTEXT_FACTORY, settings.get("initialContextFactory"));
    environment.put(Context.PROVIDER_URL, settings.get("providerURL"));
    String user = settings.get("user");
    if (user != null) {
      environment.put(Context.SECURITY_PRINCIPAL, user);
      environment.put(Context.SECURITY_CREDENTIALS, settings.get("password"));
    }
    Context context = new InitialContext(environment);
    Object factory = context.lookup(settings.get("connectionFactory"));
    api = apiOf(factory);
    connection = user == null
        ? call("ConnectionFactory", factory, "createConnection")
        : call("ConnectionFactory", factory, "createConnection", String.class, user, String.class, settings.get("password"));
    if (settings.containsKey("clientId")) call("Connection", connection, "setClientID", String.class, settings.get("clientId"));
    listenForErrors();
    session = call("Connection", connection, "createSession", boolean.class, true, int.class, 0);
    consumer = createConsumer(context);
    call("Connection", connection, "start");
  }

  private Object createConsumer(Context context) throws Exception {
    String name = settings.get("destinationName");
    boolean isTopic = settings.get("destinationType").equals("topic");
    Object destination = settings.get("destinationLocator").equals("JNDI")
        ? context.lookup(name)
        : call("Session", session, isTopic ? "createTopic" : "createQueue", String.class, name);
    String selector = settings.get("messageSelector");
    String subscription = settings.get("durableSubscriptionName");
    return subscription == null
        ? call("Session", session, "createConsumer", type("Destination"), destination, String.class, selector)
        : call("Session", session, "createDurableSubscriber", type("Topic"), destination, String.class, subscription, String.class, selector,
            boolean.class, true);
  }

  private void listenForErrors() throws Exception {
    Class<?> listener = type("ExceptionListener");
    Object proxy = Proxy.newProxyInstance(listener.getClassLoader(), new Class<?>[] {listener}, (self, method, arguments) -> {
      switch (method.getName()) {
        case "onException":
          broken = describe((Throwable) arguments[0]);
          return null;
        case "hashCode":
          return System.identityHashCode(self);
        case "equals":
          return self == arguments[0];
        default:
          return "JmsBridge";
      }
    });
    call("Connection", connection, "setExceptionListener", listener, proxy);
  }

  private void serve() throws Exception {
    for (;;) {
      int command = in.readByte();
      switch (command) {
        case 'N':
          receive(in.readInt());
          break;
        case 'C':
          call("Session", session, "commit");
          send('D');
          break;
        case 'R':
          call("Session", session, "rollback");
          send('D');
          break;
        case 'Q':
          return;
        default:
          throw new IOException("there is no command " + command);
      }
    }
  }

  /** Waits for the first message, and takes with it what is there. */
  private void receive(int countMax) throws Exception {
    int count = 0;
    try {
      Object message = call("MessageConsumer", consumer, "receive", long.class, Long.valueOf(settings.get("pollTimeout")));
      frame.writeInt(0);
      for (; message != null; message = count < countMax ? call("MessageConsumer", consumer, "receiveNoWait") : null) {
        write(message);
        count++;
        // A batch of large messages ends early: it is held in memory here and there.
        if (frameBytes.size() > 16 << 20) break;
      }
    } catch (Exception failure) {
      survive(failure);
      return;
    }
    if (broken != null) throw new IOException(broken);
    send('B', count);
  }

  private void survive(Exception failure) throws Exception {
    if (broken != null || errorsLeft-- <= 0) throw failure;
    frame.flush();
    frameBytes.reset();
    call("Session", session, "rollback");
    Thread.sleep(1000);
    text(describe(failure));
    send('W');
  }

  private void write(Object message) throws Exception {
    Map<String, String> properties = new HashMap<>();
    Enumeration<?> names = (Enumeration<?>) call("Message", message, "getPropertyNames");
    while (names.hasMoreElements()) {
      String name = names.nextElement().toString();
      String value = (String) call("Message", message, "getStringProperty", String.class, name);
      if (value != null) properties.put(name, value);
    }
    byte[] body = body(message);
    frame.writeInt(properties.size());
    for (Map.Entry<String, String> property : properties.entrySet()) {
      text(property.getKey());
      text(property.getValue());
    }
    frame.writeInt(body.length);
    frame.write(body);
  }

  private byte[] body(Object message) throws Exception {
    if (type("BytesMessage").isInstance(message)) {
      long length = (Long) call("BytesMessage", message, "getBodyLength");
      if (length > Integer.MAX_VALUE - 64) throw new IOException("a message has " + length + " bytes");
      byte[] body = new byte[(int) length];
      if (length > 0) call("BytesMessage", message, "readBytes", byte[].class, body);
      return body;
    }
    if (type("TextMessage").isInstance(message)) {
      String text = (String) call("TextMessage", message, "getText");
      return text == null ? new byte[0] : text.getBytes(charset);
    }
    if (type("ObjectMessage").isInstance(message)) {
      Object object = call("ObjectMessage", message, "getObject");
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      if (object != null) {
        try (ObjectOutputStream objects = new ObjectOutputStream(bytes)) {
          objects.writeObject(object);
        }
      }
      return bytes.toByteArray();
    }
    return type("MapMessage").isInstance(message) ? json(message).getBytes(StandardCharsets.UTF_8) : new byte[0];
  }

  private String json(Object message) throws Exception {
    StringBuilder json = new StringBuilder("{");
    Enumeration<?> names = (Enumeration<?>) call("MapMessage", message, "getMapNames");
    while (names.hasMoreElements()) {
      String name = names.nextElement().toString();
      Object value = call("MapMessage", message, "getObject", String.class, name);
      if (json.length() > 1) json.append(',');
      quote(json, name);
      json.append(':');
      if (value == null || value instanceof Number || value instanceof Boolean) json.append(value);
      else quote(json, value instanceof byte[] ? new String((byte[]) value, StandardCharsets.ISO_8859_1) : value.toString());
    }
    return json.append('}').toString();
  }

  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') json.append('\\').append(c);
      else if (c < 0x20) json.append(String.format("\\u%04x", (int) c));
      else json.append(c);
    }
    json.append('"');
  }

  private void close() {
    if (connection == null) return;
    // A provider whose broker is away may wait for it; the collector does not.
    Thread closing = new Thread(() -> {
      try {
        call("Connection", connection, "close");
      } catch (Exception ignored) {
        // It is over either way.
      }
    });
    closing.setDaemon(true);
    closing.start();
    try {
      closing.join(2000);
    } catch (InterruptedException ignored) {
      Thread.currentThread().interrupt();
    }
  }

  private static String apiOf(Object factory) throws ClassNotFoundException {
    for (String name : new String[] {"jakarta.jms.", "javax.jms."}) {
      try {
        if (Class.forName(name + "ConnectionFactory").isInstance(factory)) return name;
      } catch (ClassNotFoundException absent) {
        // The other one, then.
      }
    }
    throw new ClassNotFoundException("what was looked up is no JMS ConnectionFactory but " + factory);
  }

  private Class<?> type(String name) throws ClassNotFoundException {
    return Class.forName(api + name);
  }

  /** Calls a method of a JMS interface; parameters are given as pairs of their type and value. */
  private Object call(String type, Object target, String method, Object... typed) throws Exception {
    Class<?>[] types = new Class<?>[typed.length / 2];
    Object[] values = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      types[i] = (Class<?>) typed[2 * i];
      values[i] = typed[2 * i + 1];
    }
    try {
      return type(type).getMethod(method, types).invoke(target, values);
    } catch (InvocationTargetException wrapped) {
      if (wrapped.getCause() instanceof Exception) throw (Exception) wrapped.getCause();
      throw wrapped;
    }
  }

  private static String describe(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (Throwable cause = failure; cause != null && text.length() < 2000; cause = cause.getCause()) {
      if (text.length() > 0) text.append(": ");
      text.append(cause.getClass().getName());
      if (cause.getMessage() != null) text.append(": ").append(cause.getMessage());
    }
    return text.toString();
  }

  private String readText() throws IOException {
    return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
  }

  private void text(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    frame.writeInt(bytes.length);
    frame.write(bytes);
  }

  private void send(char type) throws IOException {
    send(type, -1);
  }

  /** Sends what was written into the frame; a count that is not negative takes the place of its first number. */
  private void send(char type, int count) throws IOException {
    frame.flush();
    byte[] bytes = frameBytes.toByteArray();
    frameBytes.reset();
    if (count >= 0) for (int i = 0; i < 4; i++) bytes[i] = (byte) (count >> (24 - 8 * i));
    out.writeInt(bytes.length + 1);
    out.writeByte(type);
    out.write(bytes);
    out.flush();
  }
}
