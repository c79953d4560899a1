/** Flume's options of its JMS source, and those that say how a provider is reached. */
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { clientTlsRemarks } from '../../tls/component-tls.js';
import { clientTlsOptions } from '../../tls/tls-options.js';
import { credentialOptions, flowOptions, messageBounds, parseBrokerUrl } from '../broker-options.js';
import { findCharset } from '../charset.js';
import { amqpPorts } from '../amqp/amqp-source.js';
import { stompPorts } from '../stomp/stomp-source.js';

const protocols = ['amqp', 'stomp', 'bridge'] as const;
export type JmsProtocol = (typeof protocols)[number];

export const jmsOptions = defineOptions({
  initialContextFactory: {
    type: 'string',
    required: true,
    importance: 'high',
    doc: 'The provider’s JNDI class: `org.apache.activemq.jndi.ActiveMQInitialContextFactory`. Says which provider it is, and is used by the bridge.',
  },
  connectionFactory: {
    type: 'string',
    default: 'ConnectionFactory',
    doc: 'JNDI name of the connection factory. Used by the bridge.',
  },
  providerURL: {
    type: 'string',
    required: true,
    importance: 'high',
    doc: 'Where the provider is: `tcp://host:61616`; `amqp://host:5672` or `stomp://host:61613` choose the protocol too.',
  },
  destinationName: { type: 'string', required: true, importance: 'high', doc: 'Queue or topic.' },
  destinationType: {
    type: 'string',
    required: true,
    importance: 'high',
    values: ['queue', 'topic'],
    doc: 'Which of the two it is.',
  },
  destinationLocator: {
    type: 'string',
    values: ['CDI', 'JNDI'],
    default: 'CDI',
    doc: '`CDI`: destinationName is the provider’s own name. `JNDI`: it is looked up; without the bridge, `dynamicQueues/` and `dynamicTopics/` are cut off and the rest is taken as the name.',
  },
  messageSelector: { type: 'string', doc: 'Takes only messages for which it is true.' },
  batchSize: {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'messages',
    doc: 'Messages handed to the channels at once, at most.',
  },
  pollTimeout: {
    type: 'long',
    default: 1000,
    min: 1,
    unit: 'ms',
    doc: 'How long the bridge waits for the first message of a batch. AMQP and STOMP need not wait.',
  },
  errorThreshold: {
    type: 'int',
    default: 10,
    min: 0,
    doc: 'Errors of the provider that are survived before the bridge connects anew. A lost connection is made anew at once.',
  },
  'converter.type': {
    type: 'string',
    default: 'DEFAULT',
    check: (name: string) =>
      name === 'DEFAULT' ? null : 'only DEFAULT: converter classes of Java cannot be loaded; use interceptors',
    doc: '`DEFAULT`: bytes as they are, text in the charset, objects as Java serializes them; properties become headers.',
  },
  'converter.charset': {
    type: 'string',
    default: 'UTF-8',
    check: (name: string) =>
      findCharset(name)?.encode ? null : 'no charset that can be written; UTF-8, UTF-16 and ISO-8859-1 can',
    doc: 'Charset of text messages.',
  },
  createDurableSubscription: { type: 'boolean', default: false, doc: 'Makes a durable subscription to the topic.' },
  clientId: { type: 'string', doc: 'Name of this client; a durable subscription needs it.' },
  durableSubscriptionName: { type: 'string', doc: 'Name of the durable subscription.' },
  jndiAllowedProtocols: {
    type: 'list',
    default: [],
    doc: 'Schemes that JNDI names may have besides `java` (Flume: the system property JndiAllowedProtocols).',
  },
  protocol: {
    type: 'string',
    values: protocols,
    importance: 'high',
    doc: 'How the provider is reached: by its AMQP 1.0 or STOMP port, or by `bridge`, a JVM with the provider’s own client. Default: as providerURL says; else `bridge` where bridge.classpath is set, `amqp` for Artemis.',
  },
  'bridge.classpath': {
    type: 'string',
    doc: 'Class path of the provider’s client for the bridge: jars and `folder/*`, separated by colons (semicolons on Windows). Absent: FLUME_CLASSPATH.',
  },
  'bridge.java': { type: 'string', default: 'java', doc: 'The JVM of the bridge: a JDK, 11 or newer.' },
  'bridge.javaOptions': {
    type: 'string',
    default: '-Xmx256m',
    doc: 'Options for it, separated by blanks: memory, `-Djavax.net.ssl.trustStore=…` and other settings of the provider.',
  },
  ...credentialOptions,
  prefetch: flowOptions.prefetch,
  prefetchBytes: flowOptions.prefetchBytes,
  maxReconnectSleep: flowOptions.maxReconnectSleep,
  ...messageBounds,
  ...clientTlsOptions,
});

export type JmsValues = OptionValues<typeof jmsOptions>;

const addresses = /([a-z][a-z0-9+.-]*):\/\/([^\s,()?]+)(\?[^\s,()]*)?/gi;

export function isArtemis(values: Pick<JmsValues, 'initialContextFactory'>): boolean {
  return values.initialContextFactory.startsWith('org.apache.activemq.artemis.');
}

/** Null: there are no jars of a provider. */
export function bridgeClassPath(
  values: Pick<JmsValues, 'bridge.classpath'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  const found = values['bridge.classpath'] ?? environment['FLUME_CLASSPATH'] ?? '';
  return found === '' ? null : found;
}

export function protocolOf(values: JmsValues): JmsProtocol {
  if (values.protocol !== null) return values.protocol;
  const scheme = /([a-z][a-z0-9+.-]*):\/\//i.exec(values.providerURL)?.[1]?.toLowerCase() ?? '';
  if (Object.hasOwn(amqpPorts, scheme)) return 'amqp';
  if (Object.hasOwn(stompPorts, scheme)) return 'stomp';
  if (values['bridge.classpath'] !== null) return 'bridge';
  return isArtemis(values) ? 'amqp' : 'bridge';
}

/** Addresses in AMQP's or STOMP's schemes. A provider's own scheme keeps host and port: brokers with one port for all protocols have them there. */
export function providerUrls(providerUrl: string, protocol: 'amqp' | 'stomp'): string[] {
  return [...providerUrl.matchAll(addresses)].map(([, scheme = '', place = '', query = '']) => {
    const isSecure = /(?:ssl|tls|s)$/i.test(scheme) || /sslEnabled=true/i.test(query);
    return `${protocol}${isSecure ? '+ssl' : ''}://${place}`;
  });
}

/** A name for the provider, without what JNDI has before it. */
export function physicalName(values: Pick<JmsValues, 'destinationLocator' | 'destinationName'>): string {
  if (values.destinationLocator === 'CDI') return values.destinationName;
  return values.destinationName.replace(/^dynamic(?:Queues|Topics)\//, '');
}

export function checkJms(options: Readonly<Record<string, string>>): ComponentRemark[] {
  const values = requireOptions('source', jmsOptions, options);
  const remarks: ComponentRemark[] = [];
  const report = (option: string, message: string, severity: ComponentRemark['severity'] = 'error'): void => {
    remarks.push({ severity, option, message });
  };
  if (values.createDurableSubscription) {
    if (values.destinationType !== 'topic') report('createDurableSubscription', 'only a topic has subscriptions');
    if (values.clientId === null) report('createDurableSubscription', 'a durable subscription needs clientId');
    if (values.durableSubscriptionName === null)
      report('createDurableSubscription', 'a durable subscription needs durableSubscriptionName');
  }
  const protocol = protocolOf(values);
  if (protocol === 'bridge') checkBridge(values, report);
  else checkAddresses(values, protocol, report);
  return [...remarks, ...(protocol === 'bridge' ? [] : clientTlsRemarks(values))];
}

type Report = (option: string, message: string, severity?: ComponentRemark['severity']) => void;

function checkBridge(values: JmsValues, report: Report): void {
  if (bridgeClassPath(values) === null) {
    const message =
      'this provider is reached by its own Java client: set bridge.classpath (or FLUME_CLASSPATH) to its jars. A broker that speaks AMQP 1.0 or STOMP can be reached ' +
      'without: set protocol = amqp and providerURL = amqp://host:5672, or stomp and stomp://host:61613';
    report('providerURL', message);
  }
  if (values.ssl)
    report('ssl', 'TLS of the bridge is set up in providerURL and bridge.javaOptions; ssl has no effect', 'warning');
  const names = { connectionFactory: values.connectionFactory } as Record<string, string>;
  if (values.destinationLocator === 'JNDI') names['destinationName'] = values.destinationName;
  for (const [option, name] of Object.entries(names)) {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(name)?.[1] ?? 'java';
    if (scheme !== 'java' && !values.jndiAllowedProtocols.includes(scheme))
      report(option, `a JNDI name must not lead elsewhere (${scheme}:); jndiAllowedProtocols would allow it`);
  }
}

function checkAddresses(values: JmsValues, protocol: 'amqp' | 'stomp', report: Report): void {
  const urls = providerUrls(values.providerURL, protocol);
  if (urls.length === 0) report('providerURL', `must hold an address: ${protocol}://host:port`);
  try {
    for (const url of urls) parseBrokerUrl(url, protocol === 'amqp' ? amqpPorts : stompPorts);
  } catch (error) {
    report('providerURL', (error as Error).message);
  }
  const isOpenWire =
    values.initialContextFactory.startsWith('org.apache.activemq.jndi.') && /\btcp:\/\//i.test(values.providerURL);
  if (isOpenWire) {
    const message = `tcp:// of ActiveMQ is OpenWire: ${protocol} needs the port of that connector, as ${protocol}://host:${protocol === 'amqp' ? 5672 : 61_613}`;
    report('providerURL', message, 'warning');
  }
}
