import { EventBatch } from '#pipeline/event-batch';
import type { Clock } from '#std/clock';
import type { SocketProtocol } from '../event-socket.js';
import { SyslogFraming, type Frame } from './syslog-framing.js';
import { headBytesMax, parseSyslog, type SyslogHead, type SyslogMessage } from './syslog-message.js';

/** Which fields stay in the body. */
export interface KeptFields {
  readonly all: boolean;
  readonly priority: boolean;
  readonly version: boolean;
  readonly timestamp: boolean;
  readonly hostname: boolean;
}

export interface SyslogProtocolOptions {
  readonly messageBytesMax: number;
  readonly keep: KeptFields;
  /** Headers that all events of the peer get. */
  readonly peerHeaders: Readonly<Record<string, string>>;
  /** Events that the channels refused, which syslog cannot be asked for again. */
  readonly onDropped: (count: number) => void;
}

/** Messages of one peer. What is found in one is never seen in another: each event has the headers of its own message only. */
export class SyslogProtocol implements SocketProtocol {
  readonly farewell = null;
  private readonly framing: SyslogFraming;

  constructor(
    private readonly clock: Clock,
    private readonly options: SyslogProtocolOptions,
  ) {
    this.framing = new SyslogFraming(options.messageBytesMax);
  }

  push(chunk: Buffer): EventBatch {
    const { bytes, frames } = this.framing.push(chunk);
    const nowMs = this.clock.now();
    const messages = frames.map(({ start, end }) =>
      parseSyslog(bytes.toString('latin1', start, Math.min(end, start + headBytesMax)), nowMs),
    );
    return this.bodiesOf(bytes, frames, messages).withHeaders(this.headersOf(frames, messages));
  }

  /** Syslog has no answers. */
  answer(count: number, refusal: unknown): string {
    if (refusal !== null) this.options.onDropped(count);
    return '';
  }

  private bodiesOf(bytes: Buffer, frames: readonly Frame[], messages: readonly SyslogMessage[]): EventBatch {
    const { keep } = this.options;
    const starts = Int32Array.from(frames, ({ start, end }, index) => {
      const at = start + (messages[index]?.head?.bodyAt ?? 0);
      // A message without a body stays whole, as in Flume.
      return keep.all || at === end ? start : at;
    });
    const ends = Int32Array.from(frames, ({ end }) => end);
    const bodies = new EventBatch(bytes, starts, ends);
    if (keep.all || !(keep.priority || keep.version || keep.timestamp || keep.hostname)) return bodies;
    return EventBatch.of(
      frames.map(({ start }, index) => {
        const head = messages[index]?.head ?? null;
        const isWhole = head === null || starts[index] === start;
        const body = bodies.body(index);
        return { body: isWhole ? body : Buffer.concat([Buffer.from(keptText(keep, head), 'latin1'), body]) };
      }),
    );
  }

  private headersOf(
    frames: readonly Frame[],
    messages: readonly SyslogMessage[],
  ): Map<string, string | (string | null)[]> {
    const headers = new Map<string, string | (string | null)[]>(Object.entries(this.options.peerHeaders));
    const set = (name: string, valueOf: (message: SyslogMessage, index: number) => string | null): void => {
      const column = messages.map(valueOf);
      if (column.some((value) => value !== null)) headers.set(name, column);
    };
    set('Facility', ({ priority }) => String((priority ?? 0) >> 3));
    set('Severity', ({ priority }) => String((priority ?? 0) & 7));
    set('priority', ({ head }) => head?.priority ?? null);
    set('version', ({ head }) => head?.version ?? null);
    set('timestamp', ({ head }) => head?.timestampMs ?? null);
    set('host', ({ head }) => head?.host ?? null);
    set('flume.syslog.status', ({ priority }, index) => {
      if (priority === null) return 'Invalid';
      return frames[index]?.isCut === true ? 'Incomplete' : null;
    });
    return headers;
  }
}

function keptText(keep: KeptFields, head: SyslogHead): string {
  const parts = [
    keep.version ? head.version : null,
    keep.timestamp ? head.timestamp : null,
    keep.hostname ? head.host : null,
  ].filter((part) => part !== null);
  return `${keep.priority ? `<${head.priority}>` : ''}${parts.map((part) => `${part} `).join('')}`;
}
