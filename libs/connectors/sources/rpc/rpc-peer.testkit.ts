import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Duplex } from 'node:stream';
import { constants, createDeflate, createInflate } from 'node:zlib';
import { EventBatch } from '#pipeline/event-batch';
import type { Source } from '#pipeline/collector';
import { portOf } from '../socket.testkit.js';

/** An event's body, or with headers. */
export type TestEvent = string | { readonly body: string; readonly headers: Readonly<Record<string, string>> };

export function batchOf(events: readonly TestEvent[]): EventBatch {
  return EventBatch.of(
    events.map((event) => {
      const { body, headers } = typeof event === 'string' ? { body: event, headers: {} } : event;
      return { body: Buffer.from(body), headers };
    }),
  );
}

export interface PeerOptions {
  readonly isCompressed?: boolean;
  readonly tls?: ConnectionOptions;
}

/** The bytes between a spec and a source that answers calls. */
export class RpcPeer {
  private readonly output: Duplex;
  isClosed = false;

  private constructor(
    readonly socket: Socket,
    isCompressed: boolean,
    onData: (chunk: Buffer) => void,
  ) {
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
    socket.on('end', () => (this.isClosed = true));
    const input = isCompressed ? socket.pipe(createInflate({ finishFlush: constants.Z_SYNC_FLUSH })) : socket;
    input.on('error', () => undefined);
    input.on('data', onData);
    const deflate = isCompressed ? createDeflate({ flush: constants.Z_SYNC_FLUSH }) : null;
    deflate?.pipe(socket);
    this.output = deflate ?? socket;
  }

  static async connect(source: Source, onData: (chunk: Buffer) => void, options: PeerOptions = {}): Promise<RpcPeer> {
    const place = { host: '127.0.0.1', port: portOf(source) };
    const { tls } = options;
    const socket = tls === undefined ? connect(place) : connectTls({ ...place, ...tls });
    await new Promise((resolve, reject) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
    return new RpcPeer(socket, options.isCompressed ?? false, onData);
  }

  send(bytes: string | Buffer): void {
    this.output.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }
}
