import type { EventBatch, HeaderColumn } from '#pipeline/event-batch';
import type { SocketProtocol } from '../event-socket.js';
import type { SyslogEvents } from './syslog-events.js';
import { SyslogFraming } from './syslog-framing.js';

export interface SyslogProtocolOptions {
  readonly messageBytesMax: number;
  readonly events: SyslogEvents;
  /** Headers that all events of the peer get. */
  readonly peerHeaders: ReadonlyMap<string, string>;
  /** Events that were lost, which syslog cannot be asked for again. */
  readonly onDropped: (count: number) => void;
}

/** Messages of one peer. Syslog has no answers. */
export class SyslogProtocol implements SocketProtocol {
  readonly farewell = null;
  private readonly framing: SyslogFraming;

  constructor(private readonly options: SyslogProtocolOptions) {
    this.framing = new SyslogFraming(options.messageBytesMax);
  }

  push(chunk: Buffer): EventBatch {
    const { events, peerHeaders } = this.options;
    const bytes = this.framing.push(chunk);
    const batch = events.of(bytes, this.framing.frames);
    if (peerHeaders.size === 0) return batch;
    return batch.withHeaders(new Map<string, HeaderColumn>([...batch.headers, ...peerHeaders]));
  }

  answer(count: number, refusal: unknown): string {
    if (refusal !== null) this.options.onDropped(count);
    return '';
  }
}
