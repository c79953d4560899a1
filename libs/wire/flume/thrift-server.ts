/**
 * The answering side of Flume's and Scribe's Thrift services:
 *
 *     ThriftSourceProtocol   Status append(1: ThriftFlumeEvent event), Status appendBatch(1: list<ThriftFlumeEvent> events)
 *     ThriftFlumeEvent       {1: map<string, string> headers, 2: binary body}
 *     Scribe                 ResultCode Log(1: list<LogEntry> messages)
 *     LogEntry               {1: string category, 2: string message}
 */
import { messageOf } from '#std/errors';
import { malformed } from './errors.js';
import { EventColumnsBuilder, type EventColumns } from './event-columns.js';
import { createReader, type ThriftReader } from './thrift-reader.js';
import { failureReason, messageKind, thriftType, type MessageHead, type ThriftProtocolName } from './thrift-types.js';
import { createWriter } from './thrift-writer.js';

export type ThriftCall =
  | {
      readonly kind: 'events';
      readonly events: EventColumns;
      /** `append`, not a list. */
      readonly isSingle: boolean;
      /** The answer, a whole frame; empty where none is wanted. */
      answer(status: number): Buffer;
      fail(error: unknown): Buffer;
    }
  | { readonly kind: 'answer'; readonly answer: Buffer; readonly problem: string };

/** Of Flume: Status. */
export const thriftStatus = { ok: 0, failed: 1 } as const;
/** Of Scribe: ResultCode. */
export const scribeResult = { ok: 0, tryLater: 1 } as const;

type ReadEvent = (reader: ThriftReader, events: EventColumnsBuilder) => void;

interface Method {
  readonly isSingle: boolean;
  readonly readEvent: ReadEvent;
}

export type ThriftService = Readonly<Record<string, Method>>;

export const flumeService: ThriftService = {
  append: { isSingle: true, readEvent: readFlumeEvent },
  appendBatch: { isSingle: false, readEvent: readFlumeEvent },
};

export const scribeService: ThriftService = { Log: { isSingle: false, readEvent: readLogEntry } };

/** Reads a message. Throws `wire.flume.malformed` where the bytes are none. */
export function readThriftCall(service: ThriftService, protocol: ThriftProtocolName, message: Buffer): ThriftCall {
  const reader = createReader(protocol, message);
  const head = reader.head();
  if (head.kind !== messageKind.call && head.kind !== messageKind.oneway) {
    throw malformed(`A message is of the kind ${head.kind}, which is no call.`);
  }
  const method = Object.hasOwn(service, head.name) ? service[head.name] : undefined;
  if (method === undefined) {
    const problem = `There is no method "${head.name}"; there are ${Object.keys(service).join(', ')}.`;
    return { kind: 'answer', answer: failure(protocol, head, problem, failureReason.unknownMethod), problem };
  }
  const isOneway = head.kind === messageKind.oneway;
  return {
    kind: 'events',
    events: readArguments(reader, method),
    isSingle: method.isSingle,
    answer: (status) => (isOneway ? noAnswer : reply(protocol, head, status)),
    fail: (error) => (isOneway ? noAnswer : failure(protocol, head, messageOf(error), failureReason.internalError)),
  };
}

const noAnswer = Buffer.alloc(0);

/** The struct of arguments, of which the first counts. */
function readArguments(reader: ThriftReader, { isSingle, readEvent }: Method): EventColumns {
  const events = new EventColumnsBuilder(reader.bytes);
  const wanted = isSingle ? thriftType.struct : thriftType.list;
  let isThere = false;
  for (let id = 0, type = reader.field(id); type !== thriftType.stop; type = reader.field(id)) {
    id = reader.fieldId;
    if (id !== 1 || type !== wanted || isThere) {
      reader.skip(type);
      continue;
    }
    isThere = true;
    if (isSingle) readEvent(reader, events);
    else readList(reader, events, readEvent);
  }
  if (!isThere) throw malformed('A call has no events.');
  return events.finish();
}

function readList(reader: ThriftReader, events: EventColumnsBuilder, readEvent: ReadEvent): void {
  const count = reader.list();
  if (count > 0 && reader.elementType !== thriftType.struct)
    throw malformed('A list of events has something else in it.');
  for (let left = count; left > 0; left -= 1) readEvent(reader, events);
}

function readFlumeEvent(reader: ThriftReader, events: EventColumnsBuilder): void {
  let bodyBytes = -1;
  let bodyEnd = 0;
  let hasHeaders = false;
  for (let id = 0, type = reader.field(id); type !== thriftType.stop; type = reader.field(id)) {
    id = reader.fieldId;
    if (id === 1 && type === thriftType.map) {
      hasHeaders = true;
      readHeaders(reader, events);
    } else if (id === 2 && type === thriftType.binary) {
      bodyBytes = reader.skipBinary();
      bodyEnd = reader.at;
    } else {
      reader.skip(type);
    }
  }
  if (bodyBytes < 0 || !hasHeaders) throw malformed('An event has no headers or no body, and both are required.');
  events.body(bodyEnd - bodyBytes, bodyEnd);
}

function readHeaders(reader: ThriftReader, events: EventColumnsBuilder): void {
  for (let left = reader.textMap(); left > 0; left -= 1) {
    const nameBytes = reader.skipBinary();
    const nameEnd = reader.at;
    const valueBytes = reader.skipBinary();
    events.header(nameEnd - nameBytes, nameEnd, reader.at - valueBytes, reader.at);
  }
}

/** The category becomes a header of that name. */
function readLogEntry(reader: ThriftReader, events: EventColumnsBuilder): void {
  let bodyBytes = 0;
  let bodyEnd = 0;
  for (let id = 0, type = reader.field(id); type !== thriftType.stop; type = reader.field(id)) {
    id = reader.fieldId;
    if (type !== thriftType.binary || (id !== 1 && id !== 2)) {
      reader.skip(type);
      continue;
    }
    const bytes = reader.skipBinary();
    if (id === 1) {
      events.namedHeader('category', reader.at - bytes, reader.at);
    } else {
      bodyBytes = bytes;
      bodyEnd = reader.at;
    }
  }
  events.body(bodyEnd - bodyBytes, bodyEnd);
}

/** The result struct: field 0 is what the method gives. */
function reply(protocol: ThriftProtocolName, { name, sequence }: MessageHead, status: number): Buffer {
  const writer = createWriter(protocol);
  writer.head({ name, kind: messageKind.reply, sequence });
  writer.field(thriftType.i32, 0, 0);
  writer.i32(status);
  writer.stop();
  return writer.finish();
}

/** A TApplicationException. */
function failure(protocol: ThriftProtocolName, { name, sequence }: MessageHead, text: string, reason: number): Buffer {
  const writer = createWriter(protocol);
  writer.head({ name, kind: messageKind.exception, sequence });
  writer.field(thriftType.binary, 1, 0);
  writer.text(text);
  writer.field(thriftType.i32, 2, 1);
  writer.i32(reason);
  writer.stop();
  return writer.finish();
}
