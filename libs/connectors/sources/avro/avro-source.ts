/**
 * Flume's avro: events of Avro RPC over Netty, as Flume's own clients and avro sinks send them. A call is one delivery, answered OK when every
 * required channel has committed it, and FAILED where one refused it, so that the client sends it again. A batch larger than a
 * channel's `transactionCapacity` fails each time, as in Flume.
 *
 * Where it differs from Flume:
 * - An address that other machines reach needs `insecure`; connections, calls and their bytes are limited.
 * - Calls of one connection are delivered in order and answered in order, several at once; `threads` has no effect.
 * - What is refused for another reason than its channels (an interceptor fails) is answered FAILED for a batch and by an error for a single
 *   event, which is Flume's way; the connection goes on.
 */
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Source } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { AvroServerSession, KnownClients, type AvroCall } from '#wire/flume/avro-server';
import { nettyFrame, NettyFrameReader } from '#wire/flume/netty-frames';
import { serverTls, serverTlsRemarks } from '../../tls/component-tls.js';
import { checkBind } from '../bind-options.js';
import { admitsAddress, parseIpFilter } from '../rpc/ip-filter.js';
import type { RpcCall, RpcProtocol } from '../rpc/rpc-call.js';
import { RpcSource } from '../rpc/rpc-source.js';
import { avroOptions } from './avro-options.js';

export const avroSource: ComponentType<Source> = {
  name: 'avro',
  classNames: ['org.apache.flume.source.AvroSource'],
  doc: 'Takes events of Flume’s Avro clients and avro sinks.',
  options: avroOptions,
  check(given) {
    const options = requireOptions('source', avroOptions, given);
    return [
      ...checkBind('bind', options.bind, options.insecure),
      ...serverTlsRemarks(options),
      ...checkFilter(options),
    ];
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, avroOptions, input.options);
    const clients = new KnownClients();
    const rules = options.ipFilter ? parseIpFilter(options.ipFilterRules ?? '') : null;
    return new RpcSource({
      ...options,
      host: options.bind,
      messageBytesMax: options.maxMessageBytes,
      isCompressed: options['compression-type'] === 'deflate',
      tls: () => serverTls(options),
      admits: rules === null ? null : (address) => admitsAddress(rules, address),
      protocolOf: (onProblem) => new AvroProtocol(clients, options.maxMessageBytes, onProblem),
    });
  },
};

function checkFilter({ ipFilter, ipFilterRules }: OptionValues<typeof avroOptions>): ComponentRemark[] {
  if (ipFilter && ipFilterRules === null) {
    const message = 'ipFilter = true needs ipFilterRules, such as allow:ip:127.*,deny:ip:*';
    return [{ severity: 'error', option: 'ipFilter', message }];
  }
  if (ipFilter || ipFilterRules === null) return [];
  return [
    { severity: 'warning', option: 'ipFilterRules', message: 'ipFilterRules have no effect without ipFilter = true' },
  ];
}

class AvroProtocol implements RpcProtocol {
  private readonly frames: NettyFrameReader;
  private readonly session: AvroServerSession;

  constructor(
    clients: KnownClients,
    messageBytesMax: number,
    private readonly onProblem: (problem: string) => void,
  ) {
    this.frames = new NettyFrameReader(messageBytesMax);
    this.session = new AvroServerSession(clients);
  }

  get heldBytes(): number {
    return this.frames.heldBytes;
  }

  push(chunk: Buffer, onCall: (call: RpcCall) => void): void {
    this.frames.push(chunk, (serial, message) => onCall(this.callOf(serial, this.session.read(message))));
  }

  private callOf(serial: number, call: AvroCall): RpcCall {
    if (call.kind === 'answer') {
      if (call.problem !== null) this.onProblem(call.problem);
      return { events: null, isSingle: false, answer: () => nettyFrame(serial, call.answer) };
    }
    const { starts, ends, headers, bytes } = call.events;
    return {
      events: new EventBatch(bytes, starts, ends, headers),
      isSingle: call.isSingle,
      answer: (refusal) => nettyFrame(serial, answerTo(call, refusal)),
    };
  }
}

function answerTo(call: Extract<AvroCall, { kind: 'events' }>, refusal: unknown): Buffer {
  if (refusal === null) return call.answer('OK');
  return call.isSingle && !(refusal instanceof ChannelError) ? call.fail(refusal) : call.answer('FAILED');
}
