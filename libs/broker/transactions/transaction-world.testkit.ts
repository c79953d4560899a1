import { brokerOptions } from '#broker/broker-options';
import { SteppedClock } from '#broker/groups/group-world.testkit';
import { requireOptions } from '#config/options';
import type { DurableTable, LogErrorCode, TransactionMarker } from '#log/engine';
import { silentLogger } from '#std/log';
import { seededRandom } from '#std/random';
import { TransactionCoordinator } from './transaction-coordinator.js';
import type { TransactionParticipants } from './transaction-ports.js';
import type { ProducerSession, TransactionOutcome } from './transaction.js';
import type { ProtocolVersion } from './transitions.js';

/** A table in memory; a change takes `putMs`, and fails while `failing`. */
export class MemoryTable implements DurableTable {
  putMs = 0;
  failing = false;
  readonly rows = new Map<string, Buffer>();

  constructor(private readonly clock: SteppedClock) {}

  get(key: string): Buffer | null {
    return this.rows.get(key) ?? null;
  }

  entries(): IterableIterator<[string, Buffer]> {
    return this.rows.entries();
  }

  async put(changes: readonly { readonly key: string; readonly value: Buffer | null }[]): Promise<void> {
    if (this.putMs > 0) await this.clock.sleep(this.putMs);
    if (this.failing) throw new Error('the disk takes no write');
    for (const { key, value } of changes) {
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }
}

/** Keeps what participants were told; markers take `markerMs`, and get `markerCode`. */
export class RecordingParticipants implements TransactionParticipants {
  markerMs = 0;
  markerCode: LogErrorCode = 'none';
  readonly told: string[] = [];

  constructor(private readonly clock: SteppedClock) {}

  async writeMarkers(markers: readonly TransactionMarker[]): Promise<LogErrorCode[]> {
    if (this.markerMs > 0) await this.clock.sleep(this.markerMs);
    return markers.map(({ outcome, topicId, partition, producerId, producerEpoch }) => {
      this.told.push(`${outcome} ${topicId}-${partition} ${producerId}/${producerEpoch}`);
      return this.markerCode;
    });
  }

  endOffsets(groupId: string, producerId: number, outcome: TransactionOutcome): Promise<void> {
    this.told.push(`${outcome} group ${groupId} ${producerId}`);
    return Promise.resolve();
  }
}

/** A coordinator with time, disk and participants of the test's own. */
export class TransactionWorld {
  readonly clock = new SteppedClock();
  readonly table = new MemoryTable(this.clock);
  readonly participants = new RecordingParticipants(this.clock);
  coordinator: TransactionCoordinator;
  private producerIds = 100;

  constructor(private readonly settings: Readonly<Record<string, string>> = {}) {
    this.coordinator = this.open();
  }

  /** As after a kill: what is not in the table is gone. */
  restart(): void {
    this.coordinator.stop();
    this.coordinator = this.open();
  }

  init(transactionalId = 't', expected: ProducerSession | null = null, timeoutMs = 60_000) {
    return this.coordinator.initProducer(transactionalId, { timeoutMs, expected });
  }

  add(session: ProducerSession, partitions: readonly string[] = ['0 orders'], groups: readonly string[] = []) {
    return this.coordinator.add('t', session, { partitions, groups });
  }

  end(session: ProducerSession, outcome: TransactionOutcome = 'commit', protocol: ProtocolVersion = 1) {
    return this.coordinator.end('t', session, outcome, protocol);
  }

  get state(): string {
    return this.coordinator.find('t')?.state ?? 'none';
  }

  private open(): TransactionCoordinator {
    const coordinator = new TransactionCoordinator({
      table: this.table,
      participants: this.participants,
      allocateProducerId: () => Promise.resolve((this.producerIds += 1)),
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      config: requireOptions('the test', brokerOptions, this.settings),
    });
    coordinator.start();
    return coordinator;
  }
}
