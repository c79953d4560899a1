/** Records as messages for a broker: where each goes, what it carries, and by what a broker may know that it has it already. */
import { isUtf8 } from 'node:buffer';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';

export interface OutgoingMessage {
  readonly destination: string;
  readonly body: Buffer;
  /** The body is UTF-8, and to be sent as text. */
  readonly isText: boolean;
  /** The same for each try of the same record: `NAME-TOPIC-PARTITION-OFFSET`. */
  readonly id: string;
  readonly key: string | null;
  readonly timestampMs: number;
  readonly properties: Readonly<Record<string, string>>;
}

export interface MessageLayout {
  readonly destination: DestinationTemplate;
  readonly isText: boolean;
  readonly headers: boolean;
  readonly metadata: boolean;
  readonly key: boolean;
  /** Names that JMS takes. */
  readonly jmsNames: boolean;
}

/** A message, or why there can be none of the record. */
export type MadeMessage = OutgoingMessage | { readonly refusal: string };

export function messageOf(batch: SinkBatch, index: number, layout: MessageLayout, connector: string): MadeMessage {
  const topic = destinationTopic(batch);
  const offset = batch.offset(index);
  const key = batch.key(index);
  const body = batch.value(index) ?? Buffer.alloc(0);
  if (layout.isText && !isUtf8(body))
    return { refusal: 'its value is not UTF-8, and message.format=text asks for that' };
  const destination = layout.destination.resolve(batch, index);
  if (destination === '') return { refusal: 'destination is empty for it' };
  const properties: Record<string, string> = {};
  if (layout.headers) {
    for (const header of batch.headers(index)) {
      if (header.value === null) continue;
      properties[layout.jmsNames ? jmsName(header.key) : header.key] = header.value.toString();
    }
  }
  if (layout.metadata) {
    properties['KAFKA_TOPIC'] = topic;
    properties['KAFKA_PARTITION'] = String(batch.partition);
    properties['KAFKA_OFFSET'] = String(offset);
  }
  return {
    destination,
    body,
    isText: layout.isText,
    id: `${connector}-${batch.topic}-${batch.partition}-${offset}`,
    key: layout.key && key !== null ? key.toString() : null,
    timestampMs: batch.timestamp(index),
    properties,
  };
}

/** JMS takes what Java takes for a name; dots and dashes are written as Camel has it, so that they can be read back. */
export function jmsName(name: string): string {
  const written = name
    .replaceAll('.', '_DOT_')
    .replaceAll('-', '_HYPHEN_')
    .replaceAll(/[^A-Za-z0-9_$]/g, '_');
  return /^[0-9]/.test(written) || written === '' ? `_${written}` : written;
}

const variable = /\$\{(topic|partition|key|header:[^}]+)\}/g;

/** `${topic}`, `${partition}`, `${key}` and `${header:NAME}` in the name of a destination. */
export class DestinationTemplate {
  private readonly parts: readonly string[];
  /** Topic to name, where nothing but the topic is in it. */
  private readonly byTopic = new Map<string, string>();
  private readonly isOfRecord: boolean;

  constructor(template: string) {
    this.parts = template.split(variable);
    this.isOfRecord = this.parts.some((part, at) => at % 2 === 1 && part !== 'topic');
  }

  /** What is not a variable, though it looks like one; null where all is well. */
  static problem(template: string): string | null {
    const unknown = /\$\{[^}]*\}?/.exec(template.replaceAll(variable, ''))?.[0];
    return unknown === undefined
      ? null
      : `knows ${'${topic}'}, ${'${partition}'}, ${'${key}'} and ${'${header:NAME}'}, and not ${unknown}`;
  }

  resolve(batch: SinkBatch, index: number): string {
    if (this.isOfRecord) return this.filled(batch, index);
    const topic = destinationTopic(batch);
    let name = this.byTopic.get(topic);
    if (name === undefined) {
      name = this.filled(batch, index);
      this.byTopic.set(topic, name);
    }
    return name;
  }

  private filled(batch: SinkBatch, index: number): string {
    return this.parts
      .map((part, at) => {
        if (at % 2 === 0) return part;
        if (part === 'topic') return destinationTopic(batch);
        if (part === 'partition') return String(batch.partition);
        if (part === 'key') return batch.key(index)?.toString() ?? '';
        return batch.header(index, part.slice('header:'.length)) ?? '';
      })
      .join('');
  }
}
