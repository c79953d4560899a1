import { defineOptions, requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { amqpPorts } from '../../sources/amqp/amqp-source.js';
import { BrokerPlaces, urlsCheck } from '../../sources/broker-options.js';
import { confluentFormat, fill, lensesDestination, otherAddress } from '../messaging/jms-connectors.js';
import {
  credentialsOf,
  destinationCheck,
  destinationDoc,
  jmsBrokerOptions,
  jmsGuarantee,
  keyOption,
  messageOptions,
  messageSettings,
  tlsOf,
  tlsProblems,
  verifyBroker,
} from '../messaging/message-options.js';
import { MessageSink } from '../messaging/message-sink.js';
import { AmqpTarget } from './amqp-sender.js';

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: urlsCheck(amqpPorts),
    doc: 'The broker: `amqp://host:5672`, or `amqps://host:5671` for TLS. Several, separated by commas, are tried in turn.',
  },
  destination: {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Messages',
    aliases: ['address', 'jms.destination.name'],
    check: destinationCheck,
    doc: `The queue or topic, by the name that the broker has for it. ${destinationDoc}`,
  },
  'destination.type': {
    type: 'string',
    values: ['queue', 'topic'],
    importance: 'medium',
    group: 'Messages',
    aliases: ['destinationType', 'jms.destination.type'],
    doc: 'What `destination` is, for brokers that have both and make them on first use. Absent: as the broker has it.',
  },
  durable: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Delivery',
    doc: 'The broker keeps messages over its restart. `false` can lose them there.',
  },
  ...jmsBrokerOptions,
  ...messageOptions,
  ...keyOption,
});

type Options = Readonly<Record<string, string>>;

function targetOf(given: Options): AmqpTarget {
  const values = requireOptions('Sink amqp', options, given);
  const places = new BrokerPlaces(values.url, amqpPorts);
  return new AmqpTarget({
    kind: values['destination.type'],
    isDurable: values.durable,
    priority: values['message.priority'],
    expiresMs: values['message.ttl.ms'],
    duplicateIds: values['duplicate.detection'] === 'artemis',
    inFlightMax: values['max.in.flight.messages'],
    nextPlace: () => places.next(),
    tls: (place) => tlsOf(place, given),
    credentials: credentialsOf(values),
  });
}

export const amqpSinkType: SinkType = {
  name: 'amqp',
  classNames: [
    'io.confluent.connect.jms.ActiveMqSinkConnector',
    'io.confluent.connect.jms.JmsSinkConnector',
    'io.confluent.connect.jms.SolaceSinkConnector',
    'io.lenses.streamreactor.connect.jms.sink.JMSSinkConnector',
    'com.datamountaineer.streamreactor.connect.jms.sink.JMSSinkConnector',
  ],
  version: '0.1.0',
  doc: 'Records as messages by AMQP 1.0: ActiveMQ, Qpid, Solace, Azure Service Bus, RabbitMQ 4, IBM MQ. With JMS types and property names.',
  options,
  check: tlsProblems,
  verify: (given) => verifyBroker(targetOf(given), given),
  guarantee: jmsGuarantee,
  translate(_className, given) {
    const lenses = lensesDestination(given['connect.jms.kcql']);
    const address =
      given['activemq.url'] ?? given['solace.host'] ?? given['connect.jms.url'] ?? given['java.naming.provider.url'];
    return fill(given, {
      url: otherAddress(address, 'amqp', amqpPorts.amqp),
      'connection.user': given['solace.username'] ?? given['connect.jms.username'],
      'connection.password': given['solace.password'] ?? given['connect.jms.password'],
      destination: lenses.destination,
      'destination.type': lenses.kind,
      ...confluentFormat(given['jms.message.format']),
    });
  },
  create(given) {
    const values = requireOptions('Sink amqp', options, given);
    return new MessageSink(targetOf(given), messageSettings(values, true));
  },
};
