import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

export const brokerUser = 'flume';
export const brokerPassword = 'se cret';

export interface BrokerOptions {
  readonly directory: string;
  /** Artemis answers all protocols with TLS too, one port up. */
  readonly keyStore?: { readonly path: string; readonly password: string };
  /** Deliveries after which Artemis moves a message to its dead-letter queue; default: none does. A killed collector makes one fail. */
  readonly attemptsMax?: number;
  /** The first of the ports that it takes. */
  readonly port: number;
}

/** A broker and where it speaks what. */
export interface MessageBroker {
  readonly child: Child;
  readonly amqpPort: number;
  readonly stompPort: number;
  readonly mqttPort: number;
  /** Of the broker's own JMS client. */
  readonly jmsUrl: string;
}

const quiet = ['org.slf4j:slf4j-nop:2.0.17'];
const artemisVersion = '2.44.0';
const classicVersion = '5.18.6';

export function artemisServerPath(): Promise<string> {
  const of = (name: string): string => `org.apache.activemq:artemis-${name}:${artemisVersion}`;
  return classPath('artemis', [
    ...['server', 'amqp-protocol', 'stomp-protocol', 'mqtt-protocol', 'openwire-protocol'].map(of),
    ...quiet,
  ]);
}

/** JMS 3 (`jakarta.jms`). */
export function artemisClientPath(): Promise<string> {
  return classPath('artemis-client', [`org.apache.activemq:artemis-jakarta-client:${artemisVersion}`, ...quiet]);
}

/** JMS 1.1 (`javax.jms`). */
export function classicClientPath(): Promise<string> {
  return classPath('activemq-client', [`org.apache.activemq:activemq-client:${classicVersion}`, ...quiet]);
}

/** A real ActiveMQ Artemis: one port answers all protocols. */
export async function startArtemis({
  directory,
  port,
  keyStore,
  attemptsMax = -1,
}: BrokerOptions): Promise<MessageBroker> {
  const acceptor = `tcp://127.0.0.1:${port}?protocols=CORE,AMQP,STOMP,MQTT,OPENWIRE;supportAdvisory=false`;
  const secured =
    keyStore === undefined
      ? []
      : [
          `tcp://127.0.0.1:${port + 1}?protocols=AMQP,STOMP,MQTT;sslEnabled=true;keyStorePath=${keyStore.path};keyStorePassword=${keyStore.password};keyStoreType=PKCS12`,
        ];
  const addresses = [acceptor, ...secured];
  const ports = addresses.map((_, index) => port + index);
  const child = await startBroker('Artemis', {
    ...{ directory, jars: await artemisServerPath(), ports, addresses },
    flags: [`-Dattempts=${attemptsMax}`],
  });
  return { child, amqpPort: port, stompPort: port, mqttPort: port, jmsUrl: `tcp://127.0.0.1:${port}` };
}

/** A real ActiveMQ Classic: OpenWire at the port, then AMQP, STOMP and MQTT at the next three. */
export async function startClassic({ directory, port }: BrokerOptions): Promise<MessageBroker> {
  const jars = await classPath('activemq-classic', [
    ...['broker', 'client', 'jaas', 'amqp', 'stomp', 'mqtt', 'kahadb-store'].map(
      (name) => `org.apache.activemq:activemq-${name}:${classicVersion}`,
    ),
    ...quiet,
  ]);
  const schemes = ['tcp', 'amqp', 'stomp', 'mqtt'];
  const ports = schemes.map((_, index) => port + index);
  const addresses = schemes.map((scheme, index) => `${scheme}://127.0.0.1:${port + index}`);
  const child = await startBroker('ActiveMqClassic', { directory, jars, ports, addresses });
  return { child, amqpPort: port + 1, stompPort: port + 2, mqttPort: port + 3, jmsUrl: `tcp://127.0.0.1:${port}` };
}

async function startBroker(
  program: string,
  {
    directory,
    jars,
    ports,
    addresses,
    flags = [],
  }: { directory: string; jars: string; ports: number[]; addresses: string[]; flags?: string[] },
): Promise<Child> {
  mkdirSync(directory, { recursive: true });
  let run = 0;
  while (existsSync(join(directory, `broker-${run}.out`))) run += 1;
  const child = new Child({
    command: 'java',
    args: [
      ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...flags, ...javaOpens, '-cp', jars],
      join(import.meta.dirname, `${program}.java`),
      ...[join(directory, 'data'), brokerUser, brokerPassword, ...addresses],
    ],
    logPath: join(directory, `broker-${run}.out`),
  });
  await child.until(program, async () => {
    if (!child.output().includes('broker started')) return false;
    return (await Promise.all(ports.map((port) => answers(port)))).every(Boolean);
  });
  return child;
}
