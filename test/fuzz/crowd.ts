// A crowd of bad neighbours: `node crowd.js HOST:PORT SPEC`, SPEC as JSON. Says `ready` when all are connected, and stays.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { apis } from '#wire/kafka/apis';
import { encodeRequest } from '#wire/kafka/frame';

export interface CrowdSpec {
  /** Connections that say nothing after one ApiVersions request. */
  readonly idle: number;
  /** Connections that ask for all of `topic` again and again and read none of the answers. */
  readonly slowReaders: number;
  readonly topic: string;
  /** Connections that begin a frame of so many bytes, send half of it, and stop. */
  readonly halfFrames: number;
  readonly frameBytes: number;
  /** The last part of the address they come from, 127.0.0.N. */
  readonly source: number;
}

const [address = '', text = '{}'] = process.argv.slice(2);
const spec = JSON.parse(text) as CrowdSpec;
const at = address.lastIndexOf(':');
const sockets: Socket[] = [];

async function dial(): Promise<Socket> {
  const socket = connect({
    host: address.slice(0, at),
    port: Number(address.slice(at + 1)),
    localAddress: `127.0.0.${spec.source}`,
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  sockets.push(socket);
  return socket;
}

const header = { correlationId: 1, clientId: 'crowd' };

for (let count = 0; count < spec.idle; count += 1) {
  const socket = await dial();
  for (const piece of encodeRequest(apis.apiVersions, 0, header, {})) socket.write(piece);
}
for (let count = 0; count < spec.slowReaders; count += 1) {
  const socket = await dial();
  socket.pause();
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }];
  const body = { maxWaitMs: 0, minBytes: 1, maxBytes: 50_000_000, topics: [{ topic: spec.topic, partitions }] };
  for (let ask = 0; ask < 20; ask += 1) {
    for (const piece of encodeRequest(apis.fetch, 11, header, body)) socket.write(piece);
  }
}
const half = Buffer.alloc(4 + spec.frameBytes / 2);
half.writeInt32BE(spec.frameBytes, 0);
for (let count = 0; count < spec.halfFrames; count += 1) (await dial()).write(half);
process.stdout.write('ready\n');
process.on('SIGTERM', () => process.exit(0));
// Stays even when the other side has closed every connection.
setInterval(() => undefined, 60_000);
