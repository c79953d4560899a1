import { EventBatch } from '#pipeline/event-batch';
import { LengthFrameReader } from '#wire/flume/length-frames';
import { readThriftCall, type ThriftCall, type ThriftService } from '#wire/flume/thrift-server';
import type { ThriftProtocolName } from '#wire/flume/thrift-types';
import type { RpcCall, RpcProtocol } from './rpc-call.js';

export interface ThriftProtocolOptions {
  readonly service: ThriftService;
  readonly protocol: ThriftProtocolName;
  readonly messageBytesMax: number;
  /** Gets what is answered with an error because it cannot be understood. */
  readonly onProblem: (problem: string) => void;
  /** What a peer is told of events that were committed (refusal null) or not. */
  readonly answer: (call: Extract<ThriftCall, { kind: 'events' }>, refusal: unknown) => Buffer;
}

/** A Thrift service over frames, for one peer. */
export class ThriftProtocol implements RpcProtocol {
  private readonly frames: LengthFrameReader;

  constructor(private readonly options: ThriftProtocolOptions) {
    this.frames = new LengthFrameReader(options.messageBytesMax);
  }

  get heldBytes(): number {
    return this.frames.heldBytes;
  }

  push(chunk: Buffer, onCall: (call: RpcCall) => void): void {
    const { service, protocol } = this.options;
    this.frames.push(chunk, (message) => onCall(this.callOf(readThriftCall(service, protocol, message))));
  }

  private callOf(call: ThriftCall): RpcCall {
    if (call.kind === 'answer') {
      this.options.onProblem(call.problem);
      return { events: null, isSingle: false, answer: () => call.answer };
    }
    const { bytes, starts, ends, headers } = call.events;
    return {
      events: new EventBatch(bytes, starts, ends, headers),
      isSingle: call.isSingle,
      answer: (refusal) => this.options.answer(call, refusal),
    };
  }
}
