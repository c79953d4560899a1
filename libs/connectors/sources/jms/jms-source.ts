/**
 * Flume's JMS source. Brokers that speak AMQP 1.0 or STOMP are reached so, without Java; the others by a JVM with the provider's client.
 * In each case a message is acknowledged (a JMS transaction committed) when the channels have it.
 *
 * Where it differs from Flume:
 * - While channels are full, messages wait (the transaction stays open) and are not given back again and again until they land in the
 *   dead-letter queue. What an interceptor cannot take is given back, and the broker's limit of deliveries applies.
 * - A lost connection is made anew at once, not after `errorThreshold` errors.
 * - A message that is a map becomes a JSON object; in Flume its body is empty. So does one that is a stream, by AMQP.
 * - By AMQP a whole number that was sent as a float has no `.0` as a header; by STOMP only text and bytes are known.
 */
import { requireOptions } from '#config/options';
import type { ComponentInput, ComponentType, Source } from '#pipeline/collector';
import { assert } from '#std/assert';
import type { StompFrame } from '#wire/stomp/frame';
import { AmqpBroker } from '../amqp/amqp-broker.js';
import { applicationHeaders, bodyOf } from '../amqp/amqp-message.js';
import { amqpPorts } from '../amqp/amqp-source.js';
import { BrokerPlaces, flowOf, readCredentials, type BrokerPlace } from '../broker-options.js';
import { tlsOf } from '../broker-socket.js';
import { BrokerSource, type BrokerSourceOptions } from '../broker-source.js';
import { findCharset } from '../charset.js';
import { StompBroker } from '../stomp/stomp-broker.js';
import { stompPorts, subscribeHeadersOf } from '../stomp/stomp-source.js';
import { JmsBridge } from './jms-bridge.js';
import {
  checkJms,
  isArtemis,
  jmsOptions,
  physicalName,
  protocolOf,
  providerUrls,
  type JmsValues,
} from './jms-options.js';

export const jmsSource: ComponentType<Source> = {
  name: 'jms',
  classNames: ['org.apache.flume.source.jms.JMSSource'],
  doc: 'Takes messages of a JMS provider: by AMQP 1.0 or STOMP where it speaks them, else by its own Java client in a JVM beside the collector.',
  options: jmsOptions,
  batchSizeOption: 'batchSize',
  check: checkJms,
  create: (input) => createJms(input),
};

function createJms(input: ComponentInput): Source {
  const values = requireOptions(`source ${input.name}`, jmsOptions, input.options);
  const flow = flowOf(values);
  switch (protocolOf(values)) {
    case 'bridge':
      return new BrokerSource(new JmsBridge(values), flow);
    case 'stomp':
      return new BrokerSource(stompOf(values, flow), flow);
    case 'amqp':
      return new BrokerSource(amqpOf(values, flow), flow);
  }
}

/** What both protocols need to reach the broker. */
function reach(values: JmsValues, places: BrokerPlaces) {
  return {
    selector: values.messageSelector,
    clientId: values.clientId,
    maxMessageBytes: values.maxMessageBytes,
    nextPlace: () => places.next(),
    tls: (place: BrokerPlace) => tlsOf(place, values),
    credentials: () => readCredentials(values),
  };
}

function amqpOf(values: JmsValues, flow: BrokerSourceOptions): AmqpBroker {
  const charset = findCharset(values['converter.charset'])?.encode ?? null;
  assert(charset !== null, 'the charset was checked');
  return new AmqpBroker(`${values.providerURL} ${values.destinationName}`, {
    ...reach(values, new BrokerPlaces(providerUrls(values.providerURL, 'amqp'), amqpPorts)),
    destination: physicalName(values),
    kind: values.destinationType,
    subscription: values.createDurableSubscription ? values.durableSubscriptionName : null,
    prefetch: flow.prefetch,
    event: (message) => ({ body: bodyOf(message, charset), headers: applicationHeaders(message) }),
  });
}

function stompOf(values: JmsValues, flow: BrokerSourceOptions): StompBroker {
  const name = physicalName(values);
  const isTopic = values.destinationType === 'topic';
  const artemis = isArtemis(values);
  return new StompBroker(`${values.providerURL} ${values.destinationName}`, {
    ...reach(values, new BrokerPlaces(providerUrls(values.providerURL, 'stomp'), stompPorts)),
    destination: artemis ? name : `/${values.destinationType}/${name}`,
    virtualHost: null,
    heartbeatMs: 10_000,
    subscribeHeaders: {
      ...subscribeHeadersOf({
        prefetch: flow.prefetch,
        subscription: values.createDurableSubscription ? values.durableSubscriptionName : null,
      }),
      ...(artemis ? { 'subscription-type': isTopic ? 'MULTICAST' : 'ANYCAST' } : {}),
    },
    headers: propertiesOf,
  });
}

/** What STOMP brokers add to a JMS message: JMS's own headers and those of the subscription. The rest are its properties, but for Artemis's own. */
const ofStomp = new Set([
  ...['ack', 'subscription', 'content-length', 'content-type', 'destination', 'message-id', 'expires', 'priority'],
  ...['persistent', 'redelivered', 'reply-to', 'timestamp', 'type', 'correlation-id', 'receipt', 'destination-type'],
]);

function propertiesOf(frame: StompFrame): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of frame.headers)
    if (!ofStomp.has(name) && !name.startsWith('__AMQ_')) headers[name] = value;
  return headers;
}
