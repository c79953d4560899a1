import { requireOptions } from '#config/options';
import { LocalEngine } from '#log/local-engine';
import { MemoryCatalog } from '#log/memory-catalog';
import type { AclOperation, AclResourceType } from '#security/acl';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import { decodeRequestHeader, decodeResponse, encodeRequest } from '#wire/kafka/frame';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import { brokerOptions } from './broker-options.js';
import { Broker } from './broker.js';
import type { Neighbourhood } from './cluster/neighbourhood.js';
import { anonymous, type HandlerContext } from './handler.js';

/** A broker on an engine in memory, asked in encoded messages as a connection would. */
export class BrokerWorld {
  /** What the asking principal may do; the name is null where it is asked for any resource of the type. */
  permits: (operation: AclOperation, type: AclResourceType, name: string | null) => boolean = () => true;

  /** How long connections were to be left alone, in ms. */
  readonly mutes: number[] = [];

  private constructor(
    readonly broker: Broker,
    private readonly engine: LocalEngine,
  ) {}

  /** With `neighbourhood`: one node of several. */
  static async open(
    config: Readonly<Record<string, string>> = {},
    { neighbourhood = null, disk = null }: { neighbourhood?: Neighbourhood | null; disk?: SimulatedDisk | null } = {},
  ): Promise<BrokerWorld> {
    const random = seededRandom(1);
    const catalog = neighbourhood?.catalog ?? new MemoryCatalog();
    const engine = new LocalEngine({
      directory: '/data',
      disk: disk ?? new SimulatedDisk({ random }),
      clock: systemClock,
      random,
      logger: silentLogger,
      catalog,
      onFatal: (reason) => {
        throw new Error(reason);
      },
      share: neighbourhood?.share ?? null,
    });
    const values = requireOptions('the broker', brokerOptions, config);
    const dependencies = { engine, cluster: catalog, clock: systemClock, random, logger: silentLogger };
    const broker = new Broker({ ...dependencies, config: values, configSet: config, neighbourhood });
    neighbourhood?.serve(engine, broker);
    await engine.open();
    await broker.start();
    return new BrokerWorld(broker, engine);
  }

  async close(): Promise<void> {
    this.broker.stop();
    await this.engine.close();
  }

  /** What a handler is told of a connection without a login. */
  context(clientId: string | null, signal: AbortSignal): HandlerContext {
    const connection = {
      id: 1,
      listener: 'PLAINTEXT',
      listenerHost: '127.0.0.1',
      listenerPort: 9092,
      clientHost: '127.0.0.1',
    };
    return {
      broker: this.broker,
      connection,
      clientId,
      principal: anonymous,
      may: (operation: AclOperation, type: AclResourceType, name: string) => this.permits(operation, type, name),
      mayAny: (operation: AclOperation, type: AclResourceType) => this.permits(operation, type, null),
      sasl: null,
      mute: (forMs: number) => this.mutes.push(forMs),
      signal,
    };
  }

  /** The answer's body; null where there is none. Throws what the handler throws. */
  async ask<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Decoded<Response> | null> {
    const request = Buffer.concat(encodeRequest(api, version, { correlationId: 5, clientId: 'spec' }, body));
    const frame = request.subarray(4);
    const header = decodeRequestHeader(frame);
    const handler = this.broker.handler(api.key);
    if (handler === null) throw new Error(`${api.name} is not served`);
    const context = this.context(header.clientId, signal);
    const pieces = await handler.respond(context, header, frame);
    return pieces === null ? null : decodeResponse(api, version, Buffer.concat(pieces).subarray(4)).body;
  }

  /** As `ask`, where an answer is due. */
  async call<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
  ): Promise<Decoded<Response>> {
    const answer = await this.ask(api, version, body);
    if (answer === null) throw new Error(`${api.name} was not answered`);
    return answer;
  }

  createTopic(name: string, partitions = 1, configs: Readonly<Record<string, string>> = {}) {
    return this.engine.topics.create({ name, partitions, configs });
  }
}
