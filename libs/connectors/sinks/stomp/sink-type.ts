import { defineOptions, requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { BrokerPlaces, urlsCheck } from '../../sources/broker-options.js';
import { stompPorts } from '../../sources/stomp/stomp-source.js';
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
import { StompTarget } from './stomp-sender.js';

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: urlsCheck(stompPorts),
    doc: 'The broker: `stomp://host:61613`, or `stomps://host:61614` for TLS. Several, separated by commas, are tried in turn.',
  },
  'virtual.host': {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    doc: 'Name of the virtual host (RabbitMQ: `/`). Absent: the host that is connected to.',
  },
  destination: {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Messages',
    check: destinationCheck,
    doc: `Where messages go, as the broker writes it: \`/queue/orders\`, \`/topic/orders\`; Artemis: the address. ${destinationDoc}`,
  },
  send: {
    type: 'map',
    importance: 'low',
    group: 'Messages',
    doc: 'Further headers of each SEND: `send.destination-type=ANYCAST` makes a queue at Artemis.',
  },
  persistent: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Delivery',
    doc: 'The broker keeps messages over its restart. `false` can lose them there.',
  },
  transactions: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Delivery',
    doc:
      'Send in transactions of half of `max.in.flight.messages`. Without, each message waits for a receipt of its own, for which ActiveMQ Classic ' +
      'syncs its disk each time. With `duplicate.detection` there are none: one message that is there already would undo all of its transaction.',
  },
  ...jmsBrokerOptions,
  ...messageOptions,
  ...keyOption,
});

type Options = Readonly<Record<string, string>>;

function targetOf(given: Options): StompTarget {
  const values = requireOptions('Sink stomp', options, given);
  const places = new BrokerPlaces(values.url, stompPorts);
  const duplicateIds = values['duplicate.detection'] === 'artemis';
  const isTransactional = values.transactions && !duplicateIds;
  return new StompTarget({
    isPersistent: values.persistent,
    virtualHost: values['virtual.host'],
    sendHeaders: values.send,
    priority: values['message.priority'],
    expiresMs: values['message.ttl.ms'],
    duplicateIds,
    transactionMax: isTransactional ? Math.ceil(values['max.in.flight.messages'] / 2) : 0,
    nextPlace: () => places.next(),
    tls: (place) => tlsOf(place, given),
    credentials: credentialsOf(values),
  });
}

export const stompSinkType: SinkType = {
  name: 'stomp',
  classNames: [],
  version: '0.1.0',
  doc: 'Records as messages by STOMP 1.2: ActiveMQ, RabbitMQ and others. Each counts when its receipt has come.',
  options,
  check: tlsProblems,
  verify: (given) => verifyBroker(targetOf(given), given),
  guarantee: jmsGuarantee,
  create(given) {
    const values = requireOptions('Sink stomp', options, given);
    return new MessageSink(targetOf(given), messageSettings(values, true));
  },
};
