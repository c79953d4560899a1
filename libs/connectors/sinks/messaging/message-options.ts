/** What the sinks to message brokers have in common. */
import type { ConnectionOptions } from 'node:tls';
import { defineOptions, type OptionProblem, type OptionValues } from '#config/options';
import { FatalSinkError } from '#pipeline/errors';
import type { Guarantee } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { BrokerPlace, Credentials } from '../../sources/broker-options.js';
import { clientTls, clientTlsProblems, namesClientTls } from '../client-tls/client-tls.js';
import { clientTlsOptions } from '../client-tls/client-tls-options.js';
import { DestinationTemplate } from './outgoing-message.js';
import type { MessageBroker, MessageSinkSettings } from './message-sink.js';

type Options = Readonly<Record<string, string>>;

export const messageOptions = defineOptions({
  'connection.user': {
    type: 'string',
    importance: 'high',
    group: 'Connection',
    aliases: ['userName', 'username', 'activemq.username', 'mqtt.username', 'connection.username'],
    doc: 'Who logs in. Absent: without a login.',
  },
  'connection.password': {
    type: 'password',
    importance: 'high',
    group: 'Connection',
    aliases: ['password', 'activemq.password', 'mqtt.password'],
    doc: 'Password of the user.',
  },
  'request.timeout.ms': {
    type: 'int',
    default: 30_000,
    min: 1000,
    max: 600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    doc: 'A broker that answers nothing for so long is left, and what it did not answer for is sent again.',
  },
  'max.in.flight.messages': {
    type: 'int',
    default: 500,
    min: 1,
    max: 2000,
    unit: 'messages',
    importance: 'medium',
    group: 'Delivery',
    doc: 'Messages that wait for the answer of the broker at a time. They keep their order.',
  },
  'message.format': {
    type: 'string',
    default: 'bytes',
    values: ['bytes', 'text'],
    importance: 'high',
    group: 'Messages',
    doc: '`bytes`: the value as it is. `text`: as text, for JMS a TextMessage; a value that is not UTF-8 is a bad record.',
  },
  'headers.forward': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Messages',
    aliases: ['jms.forward.kafka.headers'],
    doc: 'Headers of the record become properties of the message, as text.',
  },
  'metadata.forward': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Messages',
    aliases: ['jms.forward.kafka.metadata'],
    doc: 'Add the properties `KAFKA_TOPIC`, `KAFKA_PARTITION` and `KAFKA_OFFSET`, by which a consumer can tell what came twice.',
  },
  ...clientTlsOptions(),
});

export const keyOption = defineOptions({
  'key.forward': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Messages',
    aliases: ['jms.forward.kafka.key'],
    doc: 'The key of the record becomes the correlation id of the message, as text.',
  },
});

/** Of brokers that keep messages in queues, as JMS knows them. */
export const jmsBrokerOptions = defineOptions({
  'duplicate.detection': {
    type: 'string',
    default: 'none',
    values: ['none', 'artemis'],
    importance: 'high',
    group: 'Delivery',
    doc:
      '`artemis`: each message carries `_AMQ_DUPL_ID`, the same at each try, by which ActiveMQ Artemis drops what it has already. ' +
      'Its cache for an address (`id-cache-size`, 20000 as it comes, persisted) has to hold what is sent between two commits of offsets.',
  },
  'message.priority': {
    type: 'int',
    min: 0,
    max: 9,
    importance: 'low',
    group: 'Messages',
    doc: "Absent: the broker's.",
  },
  'message.ttl.ms': {
    type: 'long',
    min: 1,
    unit: 'ms',
    importance: 'low',
    group: 'Messages',
    doc: 'After so long the broker may drop a message that nobody took. Absent: never.',
  },
});

export function jmsGuarantee(given: Readonly<Record<string, string>>): Guarantee {
  return given['duplicate.detection']?.trim().toLowerCase() === 'artemis' ? 'effectively-once' : 'at-least-once';
}

export const destinationDoc =
  '`${topic}`, `${partition}`, `${key}` and `${header:NAME}` stand for parts of the record.';

export const destinationCheck = (template: string): string | null => DestinationTemplate.problem(template);

type MessageValues = OptionValues<typeof messageOptions>;

export function messageSettings(
  values: MessageValues & { readonly destination: string; readonly 'key.forward'?: boolean },
  jmsNames: boolean,
): MessageSinkSettings {
  return {
    layout: {
      destination: new DestinationTemplate(values.destination),
      isText: values['message.format'] === 'text',
      headers: values['headers.forward'],
      metadata: values['metadata.forward'],
      key: values['key.forward'] ?? false,
      jmsNames,
    },
    inFlightMax: values['max.in.flight.messages'],
    answerMsMax: values['request.timeout.ms'],
  };
}

export function credentialsOf(values: MessageValues): Credentials | null {
  const user = values['connection.user'];
  return user === null ? null : { user, password: values['connection.password'] ?? '' };
}

/** TLS where the address or a setting asks for it. Throws FatalSinkError where its files can not be used. */
export function tlsOf(place: BrokerPlace, options: Options): ConnectionOptions | null {
  if (!place.isSecure && !namesClientTls(options)) return null;
  try {
    return clientTls(options);
  } catch (error) {
    throw new FatalSinkError(`TLS to ${place.host}:${place.port} can not be set up: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

export function tlsProblems(options: Options): readonly OptionProblem[] {
  return namesClientTls(options) ? clientTlsProblems(options) : [];
}

const verifyMsMax = 6000;

/** Whether the broker can be reached and takes the login. */
export async function verifyBroker(broker: MessageBroker, options: Options): Promise<readonly OptionProblem[]> {
  try {
    const sender = await broker.connect({
      name: 'verify',
      clock: systemClock,
      deadline: AbortSignal.timeout(verifyMsMax),
    });
    await sender.close();
    return [];
  } catch (error) {
    const isLogin = error instanceof FatalSinkError;
    const name = isLogin ? 'connection.user' : 'url';
    return [{ name, value: options[name] ?? null, message: messageOf(error) }];
  }
}
