import { apis } from '#wire/kafka/apis';
import { decodeResponse, encodeRequest } from '#wire/kafka/frame';
import { connect } from 'node:net';
import { Comparison } from './comparison.js';
import { benchOptions, startOurs, startPeer, withFolder, type Server } from './harness.js';
import { makeTopic, produce } from './produce.js';

const firstPort = 27_092;
const peerPort = 27_192;

/**
 * From the start of the process to the first answer to a metadata request: `first` on an empty folder (Kafka's is formatted
 * before, ours makes its database), `again` after a stop, with `--records` records of 1 KB in one topic.
 */
export async function benchStart(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 20_000, rounds: 5 });
  const comparison = new Comparison('start', 'seconds from the start of the process to the first answer to Metadata');
  for (let count = 0; count < rounds; count += 1) {
    for (const start of [startOurs, startPeer]) {
      await withFolder(async (folder) => {
        const port = start === startOurs ? firstPort : peerPort;
        const launch = async (): Promise<{ server: Server; seconds: number }> => {
          const server = await start(folder, port);
          return { server, seconds: await secondsUntilReady(server, port) };
        };
        const first = await launch();
        await makeTopic(first.server, 'bench', 6);
        await produce(first.server, 'bench', { recordBytes: 1000, records });
        await first.server.child.stop();
        const again = await launch();
        comparison.add(again.server.name, { firstSeconds: first.seconds, againSeconds: again.seconds });
        await again.server.child.stop();
      });
    }
  }
  comparison.report();
}

/** Counted from the fork of the process. */
export async function secondsUntilReady(server: Server, port: number): Promise<number> {
  while (!(await answersMetadata(port))) await new Promise((resolve) => setTimeout(resolve, 10));
  return (performance.now() - server.child.startedAt) / 1000;
}

function answersMetadata(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = Buffer.alloc(0);
    const finish = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once('connect', () => {
      const request = encodeRequest(apis.metadata, 4, { correlationId: 1, clientId: 'bench' }, { topics: [] });
      socket.write(Buffer.concat(request));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      finish(decodeResponse(apis.metadata, 4, received.subarray(4)).body.brokers.length > 0);
    });
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
  });
}
