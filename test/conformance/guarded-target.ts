import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { apis } from '#wire/kafka/apis';
import { RawClient } from './raw-client.js';

const ports = { open: 25_192, login: 25_194 };
const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required';

/** What both are told, by Kafka's names. User:ANONYMOUS, who comes in on the listener without a login, may do everything. */
const guard = {
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
  'listener.name.login.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
  'listener.name.login.plain.sasl.jaas.config': `${plain} user_alice="alice-secret" user_bob="bob-secret";`,
  'listener.name.login.scram-sha-256.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'group.initial.rebalance.delay.ms': '0',
};

/**
 * A service with a listener that asks for a login, and access rules: our own, or, where the suite runs against a real Kafka, one
 * more Kafka that is told the same, since rules would be in the way of every other file.
 */
export class GuardedTarget {
  private readonly clients: RawClient[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'conformance-guarded-'));
  private end: () => Promise<void> = () => Promise.resolve();
  private readonly addresses = { open: '', login: '' };
  isOurs = true;

  async start(): Promise<void> {
    this.isOurs = (process.env['CONFORMANCE_BOOTSTRAP'] ?? '') === '';
    await (this.isOurs ? this.startOurs() : this.startKafka());
  }

  async stop(): Promise<void> {
    this.closeClients();
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** On the listener without a login. */
  admin(): Promise<RawClient> {
    return this.dial(this.addresses.open);
  }

  /** On the other one, before the login. */
  stranger(): Promise<RawClient> {
    return this.dial(this.addresses.login);
  }

  async user(name: 'alice' | 'bob'): Promise<RawClient> {
    const client = await this.stranger();
    await client.call(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
    const authBytes = Buffer.from(`\0${name}\0${name}-secret`);
    const answer = await client.call(apis.saslAuthenticate, 2, { authBytes });
    if (answer.errorCode !== 0) throw new Error(`no login for ${name}: error ${answer.errorCode}`);
    return client;
  }

  closeClients(): void {
    for (const client of this.clients.splice(0)) client.close();
  }

  private async dial(address: string): Promise<RawClient> {
    const client = await RawClient.connect(address);
    this.clients.push(client);
    return client;
  }

  private async startOurs(): Promise<void> {
    const { TopicsService } = await import('../../apps/topics/src/topics-service.js');
    const listeners = 'PLAINTEXT://127.0.0.1:0,LOGIN://127.0.0.1:0';
    const service = new TopicsService({
      dataDirectory: this.folder,
      catalog: new MemoryCatalog(),
      host: '127.0.0.1',
      port: 0,
      config: { ...guard, 'listener.security.protocol.map': 'LOGIN:SASL_PLAINTEXT', listeners },
      clock: systemClock,
      logger: silentLogger,
    });
    await service.start();
    this.end = async () => {
      await service.stop();
    };
    this.addresses.open = `127.0.0.1:${service.ports.get('PLAINTEXT')}`;
    this.addresses.login = `127.0.0.1:${service.ports.get('LOGIN')}`;
  }

  private async startKafka(): Promise<void> {
    const { startKafka } = await import('../peers/kafka.js');
    const { open, login } = ports;
    const addresses = `PLAINTEXT://127.0.0.1:${open},LOGIN://127.0.0.1:${login}`;
    const settings = {
      ...guard,
      listeners: `${addresses},CONTROLLER://127.0.0.1:${open + 1}`,
      'advertised.listeners': addresses,
      'offsets.topic.num.partitions': '5',
    };
    const properties = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const kafka = await startKafka({ port: open, directory: this.folder, properties });
    this.end = async () => {
      await kafka.child.stop();
    };
    this.addresses.open = `127.0.0.1:${open}`;
    this.addresses.login = `127.0.0.1:${login}`;
  }
}
