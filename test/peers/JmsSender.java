import java.util.Hashtable;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.ConnectionFactory;
import javax.jms.Destination;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.naming.Context;
import javax.naming.InitialContext;

/**
 * JmsSender FACTORY URL USER PASSWORD (queue|topic) NAMES PREFIX FROM TO: durable text messages PREFIX-n to each of the names. With FROM of
 * "kinds" one message of each kind instead.
 */
public class JmsSender {
  public static void main(String[] args) throws Exception {
    Hashtable<String, String> environment = new Hashtable<>();
    environment.put(Context.INITIAL_CONTEXT_FACTORY, args[0]);
    environment.put(Context.PROVIDER_URL, args[1]);
    ConnectionFactory factory = (ConnectionFactory) new InitialContext(environment).lookup("ConnectionFactory");
    Connection connection = factory.createConnection(args[2], args[3]);
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    for (String name : args[5].split(",")) {
      Destination destination = args[4].equals("topic") ? session.createTopic(name) : session.createQueue(name);
      MessageProducer producer = session.createProducer(destination);
      if (args[7].equals("kinds")) {
        kinds(session, producer, args[6] + ":" + name);
      } else {
        for (int i = Integer.parseInt(args[7]); i < Integer.parseInt(args[8]); i++) {
          producer.send(session.createTextMessage(args[6] + ":" + name + "-" + i));
        }
      }
    }
    session.commit();
    connection.close();
    System.exit(0);
  }

  private static void kinds(Session session, MessageProducer producer, String prefix) throws Exception {
    Message text = session.createTextMessage(prefix + "-text-\u00e4");
    text.setStringProperty("colour", "red");
    text.setIntProperty("count", 7);
    text.setBooleanProperty("good", true);
    text.setJMSCorrelationID("c-1");
    producer.send(text);
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeBytes((prefix + "-bytes").getBytes());
    bytes.setStringProperty("colour", "blue");
    producer.send(bytes);
    MapMessage map = session.createMapMessage();
    map.setString("of", prefix);
    producer.send(map);
    Message other = session.createTextMessage(prefix + "-not-selected");
    other.setStringProperty("skip", "yes");
    producer.send(other);
  }
}
