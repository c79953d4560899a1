/** AMQP 1.0: ActiveMQ, Solace, Azure Service Bus, Qpid, RabbitMQ 4 … */
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { BrokerSource } from '../broker-source.js';
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
import { clientTlsRemarks } from '../../tls/component-tls.js';
import { clientTlsOptions } from '../../tls/tls-options.js';
import { AmqpBroker } from './amqp-broker.js';
import { addPropertyHeaders, applicationHeaders, bodyOf } from './amqp-message.js';

export const amqpPorts = { amqp: 5672, amqps: 5671, 'amqp+ssl': 5671 };

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    check: urlsCheck(amqpPorts),
    doc: 'The broker: `amqp://host:5672`, or `amqps://host:5671` for TLS. Several, separated by commas, are tried in turn.',
  },
  address: {
    type: 'string',
    required: true,
    importance: 'high',
    doc: 'The queue or topic, by the name that the broker has for it.',
  },
  destinationType: {
    type: 'string',
    values: ['queue', 'topic'],
    doc: 'What `address` is, for brokers that have both and make them on first use. Absent: as the broker has it.',
  },
  selector: { type: 'string', doc: "Takes only messages for which it is true, in JMS's syntax: `colour = 'red'`." },
  durableSubscriptionName: {
    type: 'string',
    doc: 'Name of a durable subscription to a topic: messages that come while the collector is away are kept. Needs `clientId`.',
  },
  clientId: { type: 'string', doc: 'Name of this client (the container id). Absent: a new one each time.' },
  propertyHeaderPrefix: {
    type: 'string',
    default: 'amqp.',
    doc: 'The message’s own properties become headers with this before their names: `amqp.message-id`, `amqp.subject` and so on. Application properties are headers under their own names.',
  },
  propertyHeaders: { type: 'boolean', default: true, doc: 'Whether those headers are added.' },
  ...credentialOptions,
  ...flowOptions,
  ...messageBounds,
  ...clientTlsOptions,
});

export const amqpSource: ComponentType<Source> = {
  name: 'amqp',
  classNames: [],
  doc: 'Takes messages of a queue or topic by AMQP 1.0, and settles them when the channels have them.',
  options,
  batchSizeOption: 'batchSize',
  check(input) {
    const values = requireOptions('source', options, input);
    const remarks = clientTlsRemarks(values);
    if (values.durableSubscriptionName !== null && values.clientId === null) {
      const message = 'a durable subscription belongs to a client: set clientId';
      remarks.push({ severity: 'error', option: 'durableSubscriptionName', message });
    }
    return remarks;
  },
  create(input) {
    const values = requireOptions(`source ${input.name}`, options, input.options);
    const places = new BrokerPlaces(values.url, amqpPorts);
    const flow = flowOf(values);
    const prefix = values.propertyHeaders ? values.propertyHeaderPrefix : null;
    const broker = new AmqpBroker(`${values.url.join(',')} ${values.address}`, {
      destination: values.address,
      kind: values.destinationType,
      selector: values.selector,
      subscription: values.durableSubscriptionName,
      clientId: values.clientId,
      prefetch: flow.prefetch,
      maxMessageBytes: values.maxMessageBytes,
      nextPlace: () => places.next(),
      tls: (place) => tlsOf(place, values),
      credentials: () => readCredentials(values),
      event(message) {
        const headers = applicationHeaders(message);
        if (prefix !== null) addPropertyHeaders(headers, message, prefix);
        return { body: bodyOf(message, (text) => Buffer.from(text)), headers };
      },
    });
    return new BrokerSource(broker, flow);
  },
};
