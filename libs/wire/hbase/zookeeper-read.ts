/**
 * Reads nodes of a ZooKeeper ensemble in a session of a moment. (Jute encoding: numbers big endian, texts and buffers with an int32 length; the
 * first packet is the session's, then each request has a number and a type; see ZooKeeper's `zookeeper.jute`.)
 */
import { messageOf } from '#std/errors';
import { FramedSocket } from './framed-socket.js';
import { HBaseError, hbaseErrors } from './hbase-errors.js';

export interface ZooKeeperOptions {
  /** `host:port` each; tried one after the other. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}

const getData = 4;
const noNode = -101;
const sessionMs = 10_000;
const defaultPort = 2181;

/** The data of a node; null where there is none. Throws `away`. */
export async function readZooKeeperNode(options: ZooKeeperOptions, path: string): Promise<Buffer | null> {
  let failure: unknown = new Error('no server is named');
  for (const server of options.servers) {
    try {
      return await readFrom(server, options.timeoutMs, path);
    } catch (error) {
      failure = error;
    }
  }
  const list = options.servers.join(', ');
  throw new HBaseError(hbaseErrors.away, `ZooKeeper (${list}) did not give ${path}: ${messageOf(failure)}`, {
    cause: failure,
  });
}

async function readFrom(server: string, timeoutMs: number, path: string): Promise<Buffer | null> {
  const at = server.lastIndexOf(':');
  const host = at < 0 ? server : server.slice(0, at);
  const port = at < 0 ? defaultPort : Number(server.slice(at + 1));
  let fail: (error: Error) => void = () => undefined;
  let frames = 0;
  let give: (data: Buffer | null) => void = () => undefined;
  const answer = new Promise<Buffer | null>((resolve, reject) => {
    give = resolve;
    fail = reject;
  });
  const socket = await FramedSocket.open({
    host,
    port,
    connectTimeoutMs: timeoutMs,
    onEnd: (error) => fail(error),
    onFrame: (frame) => {
      frames += 1;
      if (frames === 1) socket.send(dataRequest(path));
      else
        try {
          give(nodeData(frame, path));
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
    },
  });
  const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    socket.send(sessionRequest());
    return await answer;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function sessionRequest(): Buffer {
  const bytes = Buffer.alloc(4 + 8 + 4 + 8 + 4 + 16 + 1);
  bytes.writeInt32BE(sessionMs, 12);
  bytes.writeInt32BE(16, 24);
  return bytes;
}

function dataRequest(path: string): Buffer {
  const text = Buffer.from(path);
  const head = Buffer.alloc(12);
  head.writeInt32BE(1, 0);
  head.writeInt32BE(getData, 4);
  head.writeInt32BE(text.length, 8);
  return Buffer.concat([head, text, Buffer.from([0])]);
}

function nodeData(frame: Buffer, path: string): Buffer | null {
  const error = frame.readInt32BE(12);
  if (error === noNode) return null;
  if (error !== 0) throw new Error(`error ${error} for ${path}`);
  const length = frame.readInt32BE(16);
  return frame.subarray(20, 20 + length);
}
