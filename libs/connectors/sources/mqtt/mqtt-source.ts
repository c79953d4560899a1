/** MQTT 3.1.1 and 5. */
import type { IPublishPacket } from 'mqtt-packet';
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { clientTlsRemarks } from '../../tls/component-tls.js';
import { clientTlsOptions } from '../../tls/tls-options.js';
import {
  BrokerPlaces,
  credentialOptions,
  flowOf,
  flowOptions,
  messageBounds,
  readCredentials,
  urlsCheck,
} from '../broker-options.js';
import { tlsOf } from '../broker-socket.js';
import { BrokerSource } from '../broker-source.js';
import { MqttBroker } from './mqtt-broker.js';

export const mqttPorts = { mqtt: 1883, tcp: 1883, mqtts: 8883, 'mqtt+ssl': 8883, ssl: 8883 };

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    check: urlsCheck(mqttPorts),
    doc: 'The broker: `mqtt://host:1883`, or `mqtts://host:8883`. Several, separated by commas, are tried in turn.',
  },
  topics: {
    type: 'list',
    required: true,
    importance: 'high',
    doc: 'Topic filters, separated by commas, with `+` and `#`. `$share/<group>/<filter>` shares the messages with other collectors.',
  },
  qos: {
    type: 'int',
    default: 1,
    min: 0,
    max: 2,
    doc: '0: lost messages are lost. 1 and 2: the broker repeats what is not acknowledged; 2 without duplicates but for a killed collector.',
  },
  clientId: {
    type: 'string',
    doc: 'Name of this client, by which the broker knows its session. Only one connection may have it. Default: `<agent>-<source>`.',
  },
  persistentSession: {
    type: 'boolean',
    default: true,
    doc: 'The broker keeps the subscriptions and, for QoS 1 and 2, the messages while the collector is away.',
  },
  sessionExpiry: {
    type: 'long',
    default: 7 * 24 * 60 * 60,
    min: 0,
    max: 0xff_ff_ff_ff,
    unit: 's',
    doc: 'How long it does so, by MQTT 5. With 3.1.1 the broker decides.',
  },
  protocolVersion: {
    type: 'string',
    values: ['3.1.1', '5'],
    default: '3.1.1',
    doc: '`5` adds user properties as headers, and a limit of unacknowledged messages that the broker keeps to.',
  },
  keepAlive: {
    type: 'int',
    default: 30,
    min: 0,
    max: 65_535,
    unit: 's',
    doc: 'Longest silence. After one and a half times as much the connection is made anew. 0: never.',
  },
  ...credentialOptions,
  ...flowOptions,
  ...messageBounds,
  ...clientTlsOptions,
});

export const mqttSource: ComponentType<Source> = {
  name: 'mqtt',
  classNames: [],
  doc: 'Subscribes to topics of an MQTT broker, and acknowledges messages when the channels have them. Headers: `mqtt.topic`, `mqtt.qos`, `mqtt.retain`; by MQTT 5 also user properties, `mqtt.contentType`, `mqtt.responseTopic`, `mqtt.correlationData`.',
  options,
  batchSizeOption: 'batchSize',
  check: (input) => clientTlsRemarks(requireOptions('source', options, input)),
  create(input) {
    const values = requireOptions(`source ${input.name}`, options, input.options);
    const places = new BrokerPlaces(values.url, mqttPorts);
    const flow = flowOf(values);
    const broker = new MqttBroker(`${values.url.join(',')} ${values.topics.join(',')}`, {
      topics: values.topics,
      qos: values.qos === 2 ? 2 : values.qos === 1 ? 1 : 0,
      clientId: values.clientId ?? `${input.agent}-${input.name}`,
      isPersistent: values.persistentSession,
      sessionExpirySeconds: values.sessionExpiry,
      protocolVersion: values.protocolVersion === '5' ? 5 : 4,
      keepAliveSeconds: values.keepAlive,
      prefetch: flow.prefetch,
      maxMessageBytes: values.maxMessageBytes,
      nextPlace: () => places.next(),
      tls: (place) => tlsOf(place, values),
      credentials: () => readCredentials(values),
      headers: headersOf,
    });
    return new BrokerSource(broker, flow);
  },
};

function headersOf({ topic, qos, retain, properties }: IPublishPacket): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties?.userProperties ?? {})) {
    headers[name] = Array.isArray(value) ? (value.at(-1) ?? '') : value;
  }
  headers['mqtt.topic'] = topic;
  headers['mqtt.qos'] = String(qos);
  headers['mqtt.retain'] = String(retain);
  const { contentType, responseTopic, correlationData } = properties ?? {};
  if (contentType !== undefined) headers['mqtt.contentType'] = contentType;
  if (responseTopic !== undefined) headers['mqtt.responseTopic'] = responseTopic;
  if (correlationData !== undefined) headers['mqtt.correlationData'] = correlationData.toString('base64');
  return headers;
}
