/** Flume's two RPC protocols as a client speaks them on one connection. */
import type { EventBatch } from '#pipeline/event-batch';
import { AvroClientSession } from '#wire/flume/avro-client';
import { LengthFrameReader } from '#wire/flume/length-frames';
import { NettyFrameReader } from '#wire/flume/netty-frames';
import { ThriftClientSession } from '#wire/flume/thrift-client';
import type { ThriftProtocolName } from '#wire/flume/thrift-types';
import type { RpcClientProtocol } from './rpc-client.js';

/** The largest is an Avro server's protocol text, in the answer to the handshake. */
const answerBytesMax = 1024 * 1024;

export class AvroClientProtocol implements RpcClientProtocol {
  private readonly session = new AvroClientSession();
  private readonly frames = new NettyFrameReader(answerBytesMax);

  request(batch: EventBatch): { readonly serial: number; readonly frame: Buffer } {
    return this.session.request(batch);
  }

  push(chunk: Buffer, onAnswer: (serial: number, refusal: Error | null) => void): void {
    this.frames.push(chunk, (serial, message) => onAnswer(serial, this.session.answer(serial, message)));
  }
}

export class ThriftClientProtocol implements RpcClientProtocol {
  private readonly session: ThriftClientSession;
  private readonly frames = new LengthFrameReader(answerBytesMax);

  constructor(protocol: ThriftProtocolName) {
    this.session = new ThriftClientSession(protocol);
  }

  request(batch: EventBatch): { readonly serial: number; readonly frame: Buffer } {
    return this.session.request(batch);
  }

  push(chunk: Buffer, onAnswer: (serial: number, refusal: Error | null) => void): void {
    this.frames.push(chunk, (message) => {
      const { serial, refusal } = this.session.answer(message);
      onAnswer(serial, refusal);
    });
  }
}
