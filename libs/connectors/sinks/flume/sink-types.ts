import { defineOptions, requireOptions, type OptionProblem, type OptionSpecs } from '#config/options';
import { EventBatch } from '#pipeline/event-batch';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { avroSinkOptions } from '../../flume-sinks/avro/avro-sink.js';
import { AvroClientProtocol, ThriftClientProtocol } from '../../flume-sinks/rpc/client-protocols.js';
import { RpcClient } from '../../flume-sinks/rpc/rpc-client.js';
import { rpcSinkRemarks, rpcSinkSettings } from '../../flume-sinks/rpc/rpc-sink-options.js';
import type { RpcSinkOptions } from '../../flume-sinks/rpc/rpc-sink.js';
import { thriftSinkOptions } from '../../flume-sinks/thrift/thrift-sink.js';
import { addressesOf, eventHeaders, flumeSinkOptions, processorOf, type FlumeSinkValues } from './flume-options.js';
import { FlumeSink, type FlumeSinkSettings } from './flume-sink.js';

type Options = Readonly<Record<string, string>>;

/** Flume's own default is 100 events; a sink worker has more at hand. */
const batchSize = { ...avroSinkOptions['batch-size'], default: 1000 };

const avroOptions = defineOptions({ ...avroSinkOptions, ...flumeSinkOptions, 'batch-size': batchSize });
const thriftOptions = defineOptions({ ...thriftSinkOptions, ...flumeSinkOptions, 'batch-size': batchSize });

function avroSettings(options: Options): FlumeSinkSettings {
  const values = requireOptions('Sink flume-avro', avroOptions, options);
  return settingsOf(values, (address) => ({
    ...rpcSinkSettings({ ...values, hostname: address.host, port: address.port }),
    compressionLevel: values['compression-type'] === 'deflate' ? values['compression-level'] : null,
    isTlsInside: values['ssl-inside-compression'],
    protocol: () => new AvroClientProtocol(),
  }));
}

function thriftSettings(options: Options): FlumeSinkSettings {
  const values = requireOptions('Sink flume-thrift', thriftOptions, options);
  return settingsOf(values, (address) => ({
    ...rpcSinkSettings({ ...values, hostname: address.host, port: address.port }),
    compressionLevel: null,
    isTlsInside: false,
    protocol: () => new ThriftClientProtocol(values.protocol),
  }));
}

function settingsOf(
  values: FlumeSinkValues,
  receiver: (address: { host: string; port: number }) => RpcSinkOptions,
): FlumeSinkSettings {
  return {
    receivers: addressesOf(values).addresses.map(receiver),
    processorOf: (names) => processorOf(values, names),
    headers: eventHeaders(values),
    eventBytesMax: values['event.max.bytes'],
  };
}

export const flumeAvroSink = flumeType({
  name: 'flume-avro',
  className: 'org.apache.flume.sink.AvroSink',
  options: avroOptions,
  problems: (given) => problemsOf(requireOptions('Sink flume-avro', avroOptions, given)),
  settings: avroSettings,
});

export const flumeThriftSink = flumeType({
  name: 'flume-thrift',
  className: 'org.apache.flume.sink.ThriftSink',
  options: thriftOptions,
  problems: (given) => problemsOf(requireOptions('Sink flume-thrift', thriftOptions, given)),
  settings: thriftSettings,
});

interface FlumeType {
  readonly name: string;
  readonly className: string;
  readonly options: OptionSpecs;
  readonly problems: (options: Options) => readonly OptionProblem[];
  readonly settings: (options: Options) => FlumeSinkSettings;
}

function flumeType({ name, className, options, problems, settings }: FlumeType): SinkType {
  const protocol = name === 'flume-avro' ? 'Avro' : 'Thrift';
  return {
    name,
    classNames: [className],
    version: '0.1.0',
    doc: `Records as events to the ${protocol} source of Flume agents, so that an old Flume tier can stay behind the topics. At least once.`,
    options,
    check: problems,
    verify: (given) => verify(settings(given)),
    guarantee: () => 'at-least-once',
    create: (given) => new FlumeSink(settings(given)),
  };
}

function problemsOf(values: FlumeSinkValues & Parameters<typeof rpcSinkRemarks>[0]): readonly OptionProblem[] {
  const remarks = rpcSinkRemarks(values).filter((remark) => remark.severity === 'error');
  return [
    ...addressesOf(values).problems,
    ...remarks.map(({ option, message }) => ({ name: option, value: null, message })),
  ];
}

const verifyMs = 6000;

/** Whether the agents speak the protocol: each is sent no events at all, and has to take them. */
async function verify({ receivers }: FlumeSinkSettings): Promise<readonly OptionProblem[]> {
  const asked = receivers.map(async (receiver): Promise<OptionProblem[]> => {
    try {
      const limits = { connectMsMax: verifyMs / 2, requestMsMax: verifyMs / 2, clock: systemClock };
      const client = await RpcClient.connect(receiver.protocol(), { ...receiver, tls: receiver.tls(), ...limits });
      try {
        await client.send(EventBatch.of([]));
      } finally {
        client.close();
      }
      return [];
    } catch (error) {
      const address = `${receiver.host}:${receiver.port}`;
      const name = receivers.length > 1 ? 'hosts' : 'hostname';
      return [{ name, value: address, message: `the agent at ${address} took nothing: ${messageOf(error)}` }];
    }
  });
  return (await Promise.all(asked)).flat();
}
