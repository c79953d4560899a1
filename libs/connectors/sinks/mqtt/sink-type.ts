import { defineOptions, requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { BrokerPlaces, urlsCheck } from '../../sources/broker-options.js';
import { mqttPorts } from '../../sources/mqtt/mqtt-source.js';
import { fill, lensesDestination } from '../messaging/jms-connectors.js';
import {
  credentialsOf,
  destinationCheck,
  destinationDoc,
  keyOption,
  messageOptions,
  messageSettings,
  tlsOf,
  tlsProblems,
  verifyBroker,
} from '../messaging/message-options.js';
import { MessageSink } from '../messaging/message-sink.js';
import { MqttTarget } from './mqtt-sender.js';

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    group: 'Connection',
    aliases: ['mqtt.server.uri', 'connect.mqtt.hosts'],
    check: urlsCheck(mqttPorts),
    doc: 'The broker: `mqtt://host:1883`, or `mqtts://host:8883` for TLS. Several, separated by commas, are tried in turn.',
  },
  destination: {
    type: 'string',
    default: '${topic}',
    importance: 'high',
    group: 'Messages',
    aliases: ['mqtt.topic'],
    check: destinationCheck,
    doc: `The topic to publish to: \`plant/\${topic}/\${key}\`. ${destinationDoc}`,
  },
  'mqtt.qos': {
    type: 'int',
    default: 1,
    min: 1,
    max: 2,
    importance: 'high',
    group: 'Delivery',
    aliases: ['connect.mqtt.service.quality'],
    doc:
      '1: acknowledged once, can come twice. 2: the broker knows a message again within a connection; a lost connection makes it go again all ' +
      'the same. QoS 0 is not offered: nothing would tell that a message has arrived.',
  },
  'mqtt.retained.enabled': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Messages',
    aliases: ['connect.mqtt.retained.messages'],
    doc: 'The broker keeps the last message of each topic for those who subscribe later.',
  },
  'protocol.version': {
    type: 'string',
    default: '5',
    values: ['5', '3.1.1'],
    importance: 'medium',
    group: 'Connection',
    doc: '5 has properties for headers and reasons for refusals; 3.1.1 has neither.',
  },
  'client.id': {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    aliases: ['connect.mqtt.client.id'],
    doc: 'Name of this client; with several tasks it has to be absent. Absent: a new one for each connection.',
  },
  'mqtt.keepalive.interval.seconds': {
    type: 'int',
    default: 60,
    min: 0,
    max: 65_535,
    unit: 's',
    importance: 'low',
    group: 'Connection',
    doc: 'After 1.5 times so long without a sign of life the broker ends the connection. 0: never.',
  },
  'message.ttl.ms': {
    type: 'long',
    min: 1000,
    unit: 'ms',
    importance: 'low',
    group: 'Messages',
    doc: 'After so long (whole seconds) the broker may drop a message that nobody took; MQTT 5. Absent: never.',
  },
  ...messageOptions,
  ...keyOption,
});

type Options = Readonly<Record<string, string>>;

function targetOf(given: Options): MqttTarget {
  const values = requireOptions('Sink mqtt', options, given);
  const places = new BrokerPlaces(values.url, mqttPorts);
  const ttlMs = values['message.ttl.ms'];
  return new MqttTarget({
    protocolVersion: values['protocol.version'] === '5' ? 5 : 4,
    qos: values['mqtt.qos'] === 2 ? 2 : 1,
    isRetained: values['mqtt.retained.enabled'],
    clientId: values['client.id'],
    keepAliveSeconds: values['mqtt.keepalive.interval.seconds'],
    expirySeconds: ttlMs === null ? null : Math.ceil(ttlMs / 1000),
    nextPlace: () => places.next(),
    tls: (place) => tlsOf(place, given),
    credentials: credentialsOf(values),
  });
}

export const mqttSinkType: SinkType = {
  name: 'mqtt',
  classNames: [
    'io.confluent.connect.mqtt.MqttSinkConnector',
    'io.lenses.streamreactor.connect.mqtt.sink.MqttSinkConnector',
    'com.datamountaineer.streamreactor.connect.mqtt.sink.MqttSinkConnector',
  ],
  version: '0.1.0',
  doc: 'Records as messages by MQTT 5 or 3.1.1, QoS 1 or 2. At least once.',
  options,
  check(given) {
    const problems = [...tlsProblems(given)];
    const several = Number(given['tasks.max'] ?? 1) > 1;
    if (several && given['client.id'] !== undefined) {
      const message = 'one client.id can be connected once: with tasks.max above 1 leave it out';
      problems.push({ name: 'client.id', value: given['client.id'] ?? null, message });
    }
    return problems;
  },
  verify: (given) => verifyBroker(targetOf(given), given),
  guarantee: () => 'at-least-once',
  translate(_className, given) {
    const address = given['mqtt.server.uri'] ?? given['connect.mqtt.hosts'];
    return fill(given, {
      url: address?.replaceAll(/\btcp:\/\//gi, 'mqtt://').replaceAll(/\bssl:\/\//gi, 'mqtts://'),
      'connection.user': given['connect.mqtt.username'],
      'connection.password': given['connect.mqtt.password'],
      destination: lensesDestination(given['connect.mqtt.kcql']).destination,
    });
  },
  create(given) {
    const values = requireOptions('Sink mqtt', options, given);
    return new MessageSink(targetOf(given), messageSettings(values, false));
  },
};
