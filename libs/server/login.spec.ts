import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BrokerWorld } from '#broker/broker.testkit';
import { operationCode, patternTypeCode, permissionCode, resourceTypeCode } from '#security/acl';
import { ScramClient } from '#security/scram-client.testkit';
import { systemClock } from '#std/clock';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeResponse, encodeRequest } from '#wire/kafka/frame';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import { KafkaServer } from './kafka-server.js';

const plainModule = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const settings = {
  listeners: 'SASL_PLAINTEXT://127.0.0.1:0,OPEN://127.0.0.1:0',
  'listener.security.protocol.map': 'OPEN:PLAINTEXT',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
  'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${plainModule} required user_alice="secret" user_bob="other";`,
  'scram.bootstrap.users': 'SCRAM-SHA-256=[name=carol,password=hers]',
  'connection.failed.authentication.delay.ms': '60',
};

/** A client that speaks as it is told, one request at a time. */
class Client {
  private readonly answers: Buffer[] = [];
  private rest = Buffer.alloc(0);
  isClosed = false;

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
    socket.on('data', (chunk: Buffer) => {
      this.rest = Buffer.concat([this.rest, chunk]);
      while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readInt32BE(0)) {
        this.answers.push(this.rest.subarray(4, 4 + this.rest.readInt32BE(0)));
        this.rest = this.rest.subarray(4 + this.rest.readInt32BE(0));
      }
    });
  }

  /** The next answer's bytes; null where the connection is closed instead. */
  async next(): Promise<Buffer | null> {
    for (let round = 0; round < 600; round += 1) {
      const answer = this.answers.shift();
      if (answer !== undefined) return answer;
      if (this.isClosed) return null;
      await systemClock.sleep(5);
    }
    throw new Error('neither an answer nor a close');
  }

  async ask<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
  ): Promise<Decoded<Response> | null> {
    this.socket.write(Buffer.concat(encodeRequest(api, version, { correlationId: 1, clientId: 'spec' }, body)));
    const answer = await this.next();
    return answer === null ? null : decodeResponse(api, version, answer).body;
  }

  handshake(mechanism: string, version = 1) {
    return this.ask(apis.saslHandshake, version, { mechanism });
  }

  token(authBytes: Buffer | string) {
    return this.ask(apis.saslAuthenticate, 2, { authBytes: Buffer.from(authBytes) });
  }

  async login(token = '\0alice\0secret') {
    await this.handshake('PLAIN');
    return this.token(token);
  }

  topics() {
    return this.ask(apis.metadata, 9, { topics: null });
  }

  async closes(): Promise<boolean> {
    return (await this.next()) === null;
  }
}

describe('a listener with a login', () => {
  let world: BrokerWorld;
  let server: KafkaServer;
  const sockets: Socket[] = [];

  async function listen(more: Readonly<Record<string, string>> = {}): Promise<void> {
    world = await BrokerWorld.open({ ...settings, ...more });
    await world.createTopic('orders');
    server = new KafkaServer({ broker: world.broker });
    await server.start();
  }

  async function dial(listener = 'SASL_PLAINTEXT'): Promise<Client> {
    const socket = connect(server.ports.get(listener) ?? 0, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return new Client(socket);
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.stop(100);
    await world.close();
  });

  test('answers ApiVersions, then a login, and then everything', async () => {
    await listen();
    const client = await dial();
    expect((await client.ask(apis.apiVersions, 0, {}))?.errorCode).toBe(kafkaError.NONE);
    expect(await client.handshake('PLAIN')).toEqual({ errorCode: 0, mechanisms: ['PLAIN', 'SCRAM-SHA-256'] });
    expect(await client.token('\0alice\0secret')).toMatchObject({
      errorCode: 0,
      errorMessage: '',
      sessionLifetimeMs: 0,
    });
    expect((await client.topics())?.topics.map(({ name }) => name)).toEqual(['orders']);
  });

  test('closes on a request that comes before the login, and does not count it', async () => {
    await listen();
    const client = await dial();
    expect(await client.topics()).toBeNull();
    expect([...server.requests.keys()]).toEqual([]);
  });

  test('closes on a request in the middle of the login', async () => {
    await listen();
    const client = await dial();
    await client.handshake('PLAIN');
    expect(await client.ask(apis.apiVersions, 0, {})).toBeNull();
  });

  test('tells a client with an unknown mechanism those that there are, then closes', async () => {
    await listen();
    const client = await dial();
    expect(await client.handshake('GSSAPI')).toEqual({
      errorCode: kafkaError.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: ['PLAIN', 'SCRAM-SHA-256'],
    });
    expect(await client.closes()).toBe(true);
  });

  test('tells of a failed login after the delay, then closes', async () => {
    await listen();
    const client = await dial();
    const began = performance.now();
    expect(await client.login('\0alice\0wrong')).toEqual({
      errorCode: kafkaError.SASL_AUTHENTICATION_FAILED,
      errorMessage: 'Authentication failed: Invalid username or password',
      authBytes: Buffer.alloc(0),
      sessionLifetimeMs: 0,
    });
    expect(performance.now() - began).toBeGreaterThanOrEqual(55);
    expect(await client.closes()).toBe(true);
  });

  test('tells of a token without a handshake, and of a second handshake, that the state is wrong, then closes', async () => {
    await listen();
    const early = await dial();
    expect((await early.token('x'))?.errorCode).toBe(kafkaError.ILLEGAL_SASL_STATE);
    expect(await early.closes()).toBe(true);
    const twice = await dial();
    await twice.handshake('PLAIN');
    expect((await twice.handshake('PLAIN'))?.errorCode).toBe(kafkaError.ILLEGAL_SASL_STATE);
    expect(await twice.closes()).toBe(true);
  });

  test('lets nobody in on requests sent ahead of the answer to a wrong password', async () => {
    await listen();
    const client = await dial();
    await client.handshake('PLAIN');
    const header = { correlationId: 1, clientId: 'spec' };
    const token = encodeRequest(apis.saslAuthenticate, 2, header, { authBytes: Buffer.from('\0alice\0wrong') });
    const topics = encodeRequest(apis.metadata, 9, header, { topics: null });
    client.socket.write(Buffer.concat([...token, ...topics]));
    expect(await client.next()).not.toBeNull();
    expect(await client.closes()).toBe(true);
    expect(server.requests.has('Metadata')).toBe(false);
  });

  test('takes tokens without headers after a handshake of version 0', async () => {
    await listen();
    const raw = (token: string): Buffer => {
      const frame = Buffer.alloc(4 + token.length, `0000${token}`);
      frame.writeInt32BE(token.length);
      return frame;
    };
    const good = await dial();
    await good.handshake('PLAIN', 0);
    good.socket.write(raw('\0alice\0secret'));
    expect(await good.next()).toEqual(Buffer.alloc(0));
    expect((await good.topics())?.topics).toHaveLength(1);
    const bad = await dial();
    await bad.handshake('PLAIN', 0);
    bad.socket.write(raw('\0alice\0wrong'));
    expect(await bad.closes()).toBe(true);
  });

  test('lets in by SCRAM a user of the first start', async () => {
    await listen();
    const client = await dial();
    const scram = new ScramClient('sha256', { user: 'carol', password: 'hers' });
    await client.handshake('SCRAM-SHA-256');
    const first = await client.token(scram.first());
    const last = await client.token(scram.final(first?.authBytes ?? Buffer.alloc(0)));
    expect(last?.errorCode).toBe(kafkaError.NONE);
    expect(scram.trusts(last?.authBytes ?? Buffer.alloc(0))).toBe(true);
    expect((await client.topics())?.topics).toHaveLength(1);
  });

  test('reads large requests only after the login', async () => {
    await listen();
    const large = { topics: Array.from({ length: 10_000 }, (_, index) => ({ name: `a-topic-of-that-name-${index}` })) };
    const stranger = await dial();
    expect(await stranger.ask(apis.metadata, 4, { ...large, allowAutoTopicCreation: false })).toBeNull();
    const client = await dial();
    await client.login();
    const answer = await client.ask(apis.metadata, 4, { ...large, allowAutoTopicCreation: false });
    expect(answer?.topics).toHaveLength(10_000);
  });

  test('breaks off a login that takes too long', async () => {
    await listen({ 'connection.login.timeout.ms': '150' });
    const slow = await dial();
    const done = await dial();
    await done.login();
    expect(await slow.closes()).toBe(true);
    expect((await done.topics())?.topics).toHaveLength(1);
  });

  test('serves those who have logged in while a crowd sends halves of requests without', async () => {
    await listen({ 'queued.max.request.bytes': String(1024 * 1024) });
    const client = await dial();
    await client.login();
    const half = Buffer.alloc(1000);
    half.writeInt32BE(131_072);
    const crowd = await Promise.all(Array.from({ length: 300 }, () => dial()));
    for (const { socket } of crowd) socket.write(half);
    await systemClock.sleep(100);
    expect((await client.topics())?.topics).toHaveLength(1);
  });

  test('closes when a login has ended and no other came', async () => {
    await listen({ 'connections.max.reauth.ms': '300' });
    const client = await dial();
    expect((await client.login())?.sessionLifetimeMs).toBe(300);
    await systemClock.sleep(320);
    expect(await client.topics()).toBeNull();
  });

  test.each([
    ['PLAIN', '\0bob\0other', 'Cannot change principals during re-authentication from User.alice: User.bob'],
    [
      'SCRAM-SHA-256',
      'n,,n=alice,r=x',
      "SASL mechanism 'SCRAM-SHA-256' requested by client is not supported for re-authentication of mechanism 'PLAIN'",
    ],
  ])('lets nobody become somebody else: %s', async (mechanism, token, errorMessage) => {
    await listen({ 'connections.max.reauth.ms': '60000' });
    const client = await dial();
    await client.login();
    await systemClock.sleep(1050);
    await client.handshake(mechanism);
    const told = await client.token(token);
    expect(told).toMatchObject({ errorCode: kafkaError.SASL_AUTHENTICATION_FAILED, errorMessage });
    expect(await client.closes()).toBe(true);
  });

  test('on a listener without one the state is wrong for a login, and nothing else happens', async () => {
    await listen();
    const client = await dial('OPEN');
    expect((await client.handshake('PLAIN'))?.errorCode).toBe(kafkaError.ILLEGAL_SASL_STATE);
    expect((await client.token('x'))?.errorCode).toBe(kafkaError.ILLEGAL_SASL_STATE);
    expect((await client.topics())?.topics).toHaveLength(1);
  });

  test('each client has the rights of who it is, from where it is, as soon as they change', async () => {
    await listen({
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:bob',
    });
    const [alice, bob, anybody] = [await dial(), await dial(), await dial('OPEN')];
    await alice.login();
    await bob.login('\0bob\0other');
    const seen = async (client: Client) => (await client.topics())?.topics.length;
    expect([await seen(alice), await seen(bob), await seen(anybody)]).toEqual([0, 1, 0]);
    const rule = {
      resourceType: resourceTypeCode.topic,
      resourceName: 'orders',
      resourcePatternType: patternTypeCode.literal,
      host: '127.0.0.1',
      operation: operationCode.read,
      permissionType: permissionCode.allow,
    };
    const creations = [{ ...rule, principal: 'User:alice' }];
    expect((await alice.ask(apis.createAcls, 3, { creations }))?.results[0]?.errorCode).toBe(31);
    expect((await bob.ask(apis.createAcls, 3, { creations }))?.results[0]?.errorCode).toBe(0);
    expect([await seen(alice), await seen(anybody)]).toEqual([1, 0]);
    const filter = {
      resourceTypeFilter: 1,
      resourceNameFilter: null,
      patternTypeFilter: 1,
      principalFilter: 'User:alice',
    };
    const filters = [{ ...filter, hostFilter: null, operation: 1, permissionType: 1 }];
    const removed = await bob.ask(apis.deleteAcls, 3, { filters });
    expect(removed?.filterResults[0]?.matchingAcls).toHaveLength(1);
    expect(await seen(alice)).toBe(0);
  });
});

describe('listeners', () => {
  test.each([
    ['PLAINTEXT', {}, 'without a login and without TLS'],
    ['SASL_PLAINTEXT', { 'sasl.enabled.mechanisms': 'SCRAM-SHA-256' }, 'without TLS, so that passwords'],
    ['SSL', { 'ssl.client.auth': 'requested' }, 'without a login (SASL_SSL'],
  ])('by %s are refused where other machines reach them', async (protocol, more, because) => {
    const world = await BrokerWorld.open({ listeners: `${protocol}://0.0.0.0:0`, ...more });
    const server = new KafkaServer({ broker: world.broker });
    await expect(server.start()).rejects.toThrow(`other machines could reach it ${because}`);
    await world.close();
  });

  test('tell each client the advertised address of the one that it came in on', async () => {
    const world = await BrokerWorld.open({
      listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
      'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
      'advertised.listeners': 'OUTSIDE://topics.example:9999',
    });
    const server = new KafkaServer({ broker: world.broker });
    await server.start();
    const told = async (listener: string) => {
      const socket = connect(server.ports.get(listener) ?? 0, '127.0.0.1');
      const answer = await new Client(socket).topics();
      socket.destroy();
      return answer?.brokers.map(({ host, port }) => `${host}:${port}`);
    };
    expect(await told('INSIDE')).toEqual([`127.0.0.1:${server.ports.get('INSIDE')}`]);
    expect(await told('OUTSIDE')).toEqual(['topics.example:9999']);
    await server.stop(0);
    await world.close();
  });
});
