import type { LogErrorCode } from '#log/engine';
import { kafkaError } from '#wire/kafka/error-codes';
import type { TransactionalWrite } from '../transactions/transaction-ports.js';
import { Nodes, slotCount } from './nodes.js';
import type { PeerMessage } from './peer-calls.js';
import { Peers } from './peers.js';
import { OwnParticipants, SharedGate } from './shared-transactions.js';

/** A node whose neighbour coordinates everything, and answers when the test says so. */
class GateWorld {
  readonly asked: (PeerMessage & { kind: 'call' })[] = [];
  readonly written: string[] = [];
  readonly participants: OwnParticipants;
  readonly gate: SharedGate;
  private readonly peers: Peers;

  constructor() {
    this.peers = new Peers(0, (message) => {
      if (message.kind === 'call') this.asked.push(message);
    });
    this.participants = new OwnParticipants({
      writeMarkers: (markers) => Promise.resolve(markers.map((): LogErrorCode => 'none')),
      groups: { endTransaction: () => Promise.resolve() },
    });
    const slots = Array.from({ length: slotCount }, () => 1);
    const nodes = new Nodes({ index: 0, count: 2, firstNodeId: 1, slots });
    const own = { admit: () => Promise.reject(new Error('this node coordinates nothing')) };
    this.gate = new SharedGate(nodes, this.peers, own, this.participants);
  }

  write(name: string, request: Partial<TransactionalWrite> = {}): void {
    const session = { producerId: 7, epoch: 0 };
    const all = { transactionalId: 'tx', session, partitions: ['t/0'], groups: [], adds: true, ...request };
    void Promise.resolve(this.gate.admit(all, (code) => this.written.push(`${name} ${code}`)));
  }

  async answer(code: number): Promise<void> {
    const call = this.asked.shift();
    if (call === undefined) throw new Error('nothing was asked');
    this.peers.take({ kind: 'answer', id: call.id, from: 1, to: 0, answer: code });
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  async end(): Promise<void> {
    const marker = { topicId: 't', partition: 0, producerId: 7, producerEpoch: 0, coordinatorEpoch: 0 };
    await this.participants.writeMarkers([{ ...marker, outcome: 'commit' }]);
  }

  coordinatorFalls(): Promise<void> {
    this.peers.take({ kind: 'lost', node: 1 });
    return this.settle();
  }
}

describe('writes in a transaction that another node coordinates', () => {
  let world: GateWorld;
  beforeEach(() => {
    world = new GateWorld();
  });

  test('ask once for a partition, and then no more until the transaction ends', async () => {
    world.write('a');
    await world.settle();
    await world.answer(kafkaError.NONE);
    world.write('b');
    expect(world.written).toEqual(['a 0', 'b 0']);
    world.write('c', { partitions: ['t/1'] });
    await world.settle();
    await world.answer(kafkaError.NONE);
    await world.end();
    world.write('d');
    await world.settle();
    expect(world.asked).toHaveLength(1);
    await world.answer(kafkaError.CONCURRENT_TRANSACTIONS);
    expect(world.written).toEqual(['a 0', 'b 0', 'c 0', `d ${kafkaError.CONCURRENT_TRANSACTIONS}`]);
  });

  test('are asked about anew where the transaction ended here before the answer came', async () => {
    world.write('late');
    await world.settle();
    await world.end();
    await world.answer(kafkaError.NONE);
    expect(world.written).toEqual([]);
    await world.answer(kafkaError.TRANSACTION_ABORTABLE);
    expect(world.written).toEqual([`late ${kafkaError.TRANSACTION_ABORTABLE}`]);
  });

  test('begin in the order in which they came', async () => {
    world.write('first');
    world.write('second');
    world.write('third', { partitions: ['t/1'] });
    await world.settle();
    expect(world.asked).toHaveLength(1);
    await world.answer(kafkaError.NONE);
    await world.answer(kafkaError.NONE);
    expect(world.written).toEqual(['first 0', 'second 0', 'third 0']);
  });

  test('are not taken for admitted by another epoch of the producer', async () => {
    world.write('old');
    await world.settle();
    await world.answer(kafkaError.NONE);
    world.write('new', { session: { producerId: 7, epoch: 1 } });
    await world.settle();
    expect(world.asked).toHaveLength(1);
  });

  test('are told to come again while the coordinator is away', async () => {
    world.write('a');
    await world.settle();
    await world.coordinatorFalls();
    expect(world.written).toEqual([`a ${kafkaError.COORDINATOR_NOT_AVAILABLE}`]);
  });
});
