import java.util.ArrayList;
import java.util.List;
import org.apache.flume.source.scribe.LogEntry;
import org.apache.flume.source.scribe.ResultCode;
import org.apache.flume.source.scribe.Scribe;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.layered.TFramedTransport;

/**
 * Sends entries by the Scribe client that comes with Flume: ScribeSender PORT COUNT BATCH. Categories are `even` and `odd`, messages `entry n`. Says
 * what was answered, once for each kind of answer.
 */
public class ScribeSender {
  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[1]);
    int size = Integer.parseInt(arguments[2]);
    List<ResultCode> answers = new ArrayList<>();
    try (TFramedTransport transport = new TFramedTransport(new TSocket("127.0.0.1", Integer.parseInt(arguments[0])))) {
      transport.open();
      Scribe.Client client = new Scribe.Client(new TBinaryProtocol(transport));
      for (int from = 0; from < count; from += size) {
        List<LogEntry> entries = new ArrayList<>();
        for (int n = from; n < Math.min(count, from + size); n++) {
          entries.add(new LogEntry(n % 2 == 0 ? "even" : "odd", "entry " + n));
        }
        ResultCode answer = client.Log(entries);
        if (!answers.contains(answer)) answers.add(answer);
      }
    }
    System.out.println("answers: " + answers);
  }
}
