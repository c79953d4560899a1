import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom, type Random } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import { apis } from '#wire/kafka/apis';
import { BrokerWorld } from '../broker.testkit.js';
import { Controller } from './controller.js';
import { Neighbourhood } from './neighbourhood.js';
import { Nodes } from './nodes.js';

/** Several brokers of one machine and their controller, in one process; messages go from turn to turn of the event loop. */
export class ClusterWorld {
  readonly nodes: BrokerWorld[] = [];
  private readonly neighbourhoods: Neighbourhood[] = [];
  private readonly disks: SimulatedDisk[] = [];
  private readonly links: { isCut: boolean; readonly fall: PromiseWithResolvers<never> }[] = [];
  private starts = 0;

  private constructor(
    readonly controller: Controller,
    private readonly count: number,
  ) {}

  static async open(count: number, catalog = new MemoryCatalog()): Promise<ClusterWorld> {
    const random = seededRandom(3);
    const controller = new Controller({
      catalog,
      nodeCount: count,
      isFresh: true,
      clock: systemClock,
      random,
      logger: silentLogger,
    });
    await controller.open();
    const world = new ClusterWorld(controller, count);
    for (let index = 0; index < count; index += 1) {
      world.disks.push(new SimulatedDisk({ random }));
      await world.start(index);
    }
    return world;
  }

  node(index: number): BrokerWorld {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  }

  neighbourhood(index: number): Neighbourhood {
    const neighbourhood = this.neighbourhoods[index];
    if (neighbourhood === undefined) throw new Error(`there is no node ${index}`);
    return neighbourhood;
  }

  async start(index: number): Promise<void> {
    const { controller } = this;
    const nodes = new Nodes({ index, count: this.count, firstNodeId: 1, slots: controller.coordinatorSlots });
    const link = { isCut: false, fall: Promise.withResolvers<never>() };
    link.fall.promise.catch(() => undefined);
    const neighbourhood = new Neighbourhood({
      nodes,
      incarnation: this.starts++,
      send: (message) => {
        if (!link.isCut) setImmediate(() => controller.take(structuredClone(message)));
      },
    });
    this.neighbourhoods[index] = neighbourhood;
    controller.attach(index, (message) => void setImmediate(() => neighbourhood.take(structuredClone(message))));
    const config = { 'node.id': String(1 + index), 'group.initial.rebalance.delay.ms': '0' };
    this.nodes[index] = await BrokerWorld.open(config, { neighbourhood, disk: this.disks[index] ?? null });
    this.links[index] = link;
  }

  async stop(index: number): Promise<void> {
    await this.node(index).close();
    this.controller.detach(index);
  }

  /** Cuts the node's power: what its disk had not synced may be gone, and nobody hears of it any more. */
  kill(index: number, random: Random): void {
    const link = this.links[index];
    const disk = this.disks[index];
    if (link === undefined || disk === undefined) throw new Error(`there is no node ${index}`);
    link.isCut = true;
    link.fall.reject(new Error(`node ${index} has fallen`));
    this.disks[index] = disk.crash(random);
    this.controller.detach(index);
    // Only its timers end: its disk answers nothing any more.
    void this.node(index)
      .close()
      .catch(() => undefined);
  }

  /** Rejects when the node that runs now is killed. */
  fallOf(index: number): Promise<never> {
    return this.links[index]?.fall.promise ?? Promise.reject(new Error(`there is no node ${index}`));
  }

  async close(): Promise<void> {
    for (const index of this.nodes.keys()) await this.stop(index);
  }

  /** A group or transactional id that this node coordinates. */
  keyOf(index: number, prefix = 'key'): string {
    const { nodes } = this.node(index).broker;
    for (let n = 0; ; n += 1) if (nodes.coordinatorOf(`${prefix}-${n}`) === index) return `${prefix}-${n}`;
  }

  /** Created by this node, with partition i led by node i modulo their number. */
  async createTopic(index: number, name: string, partitions = this.count): Promise<void> {
    const assignments = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      brokerIds: [1 + (partitionIndex % this.count)],
    }));
    const topics = [{ name, numPartitions: -1, replicationFactor: -1, assignments, configs: [] }];
    const answer = await this.node(index).call(apis.createTopics, 7, { topics, timeoutMs: 1000 });
    const [topic] = answer.topics;
    if (topic?.errorCode !== 0) throw new Error(`topic ${name}: ${topic?.errorMessage}`);
  }
}
