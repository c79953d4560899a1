/** STOMP 1.2: ActiveMQ, RabbitMQ and others. */
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import type { StompFrame } from '#wire/stomp/frame';
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
import { StompBroker } from './stomp-broker.js';

export const stompPorts = { stomp: 61_613, stomps: 61_614, 'stomp+ssl': 61_614 };

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    check: urlsCheck(stompPorts),
    doc: 'The broker: `stomp://host:61613`, or `stomp+ssl://host:61614`. Several, separated by commas, are tried in turn.',
  },
  destination: {
    type: 'string',
    required: true,
    importance: 'high',
    doc: 'What to subscribe to, as the broker writes it: `/queue/orders` for ActiveMQ Classic and RabbitMQ, `orders` for Artemis.',
  },
  selector: { type: 'string', doc: "Takes only messages for which it is true, in JMS's syntax: `colour = 'red'`." },
  durableSubscriptionName: {
    type: 'string',
    doc: 'Name of a durable subscription to a topic. Needs `clientId`. ActiveMQ’s headers for it are sent.',
  },
  clientId: { type: 'string', doc: 'Name of this client. Absent: none.' },
  virtualHost: { type: 'string', doc: 'The `host` of the handshake. Absent: the host that is connected to.' },
  subscribe: {
    type: 'map',
    doc: '`subscribe.<name>`: further headers of the subscription, for what a broker has of its own.',
  },
  heartbeat: {
    type: 'int',
    default: 10_000,
    min: 0,
    unit: 'ms',
    doc: 'How often both sides say that they are there; after two and a half times as much silence the connection is made anew. 0: never.',
  },
  ...credentialOptions,
  ...flowOptions,
  ...messageBounds,
  ...clientTlsOptions,
});

/** Artemis counts bytes where others count messages; its own 10 KiB make for a pause after every few messages. */
const artemisWindowBytes = 1024 * 1024;

/** What brokers call the number of messages that are not acknowledged, and a durable subscription. */
export function subscribeHeadersOf({
  prefetch,
  subscription,
}: {
  readonly prefetch: number;
  readonly subscription: string | null;
}): Record<string, string> {
  return {
    'activemq.prefetchSize': String(prefetch),
    'prefetch-count': String(prefetch),
    'consumer-window-size': String(artemisWindowBytes),
    ...(subscription === null
      ? {}
      : { 'activemq.subscriptionName': subscription, 'durable-subscription-name': subscription, durable: 'true' }),
  };
}

/** Of a subscription, not of the message. */
const ofDelivery = new Set(['ack', 'subscription', 'content-length']);

function headersOf(frame: StompFrame): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of frame.headers) if (!ofDelivery.has(name)) headers[name] = value;
  return headers;
}

export const stompSource: ComponentType<Source> = {
  name: 'stomp',
  classNames: [],
  doc: 'Takes messages of a STOMP 1.2 broker, and acknowledges each when the channels have it.',
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
    const places = new BrokerPlaces(values.url, stompPorts);
    const flow = flowOf(values);
    const broker = new StompBroker(`${values.url.join(',')} ${values.destination}`, {
      destination: values.destination,
      selector: values.selector,
      clientId: values.clientId,
      virtualHost: values.virtualHost,
      subscribeHeaders: {
        ...subscribeHeadersOf({ prefetch: flow.prefetch, subscription: values.durableSubscriptionName }),
        ...values.subscribe,
      },
      heartbeatMs: values.heartbeat,
      maxMessageBytes: values.maxMessageBytes,
      nextPlace: () => places.next(),
      tls: (place) => tlsOf(place, values),
      credentials: () => readCredentials(values),
      headers: headersOf,
    });
    return new BrokerSource(broker, flow);
  },
};
