import { connect, type Socket } from 'node:net';
import type { Source } from '#pipeline/collector';
import { systemClock } from '#std/clock';

/** The port that a started source listens on. */
export function portOf(source: Source): number {
  if ('port' in source && typeof source.port === 'number') return source.port;
  throw new Error('the source does not listen');
}

/** A peer of a source, for specs. */
export class TestPeer {
  answers = '';
  /** The source has ended its side, or the connection. */
  isClosed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.answers += chunk.toString()));
    socket.on('error', () => undefined);
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.isClosed = true;
        socket.end();
      });
    }
  }

  static async connect(source: Source): Promise<TestPeer> {
    const socket = connect({ host: '127.0.0.1', port: portOf(source), allowHalfOpen: true });
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new TestPeer(socket);
  }

  async send(bytes: string | Buffer): Promise<void> {
    await new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  async untilAnswers(text: string): Promise<void> {
    await eventually(() => this.answers.length >= text.length);
    expect(this.answers).toBe(text);
  }

  untilClosed(): Promise<void> {
    return eventually(() => this.isClosed);
  }
}

/** Waits until something is true; fails after five seconds. */
export async function eventually(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${isTrue.toString()}`);
    await systemClock.sleep(5);
  }
}
