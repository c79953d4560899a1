import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom, type Random } from '#std/random';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { TopicsService } from '../../apps/topics/src/topics-service.js';
import { RawClient } from '../conformance/raw-client.js';
import { Child, sleep } from '../peers/child.js';
import { CommitWitness } from './commit-witness.js';

export interface StormOptions {
  /** Of `storm-member.mjs`, taken in turn. */
  readonly families: readonly string[];
  /** Most members at a time. */
  readonly members: number;
  readonly seconds: number;
  readonly seed: number;
  readonly ports: { readonly witness: number; readonly service: number };
}

export interface StormResult {
  readonly joins: number;
  readonly leaves: number;
  readonly kills: number;
  readonly pauses: number;
  readonly produced: number;
  /** Records that no member has seen although the group is past them. */
  readonly lost: number;
  readonly repeated: number;
  readonly commitsAccepted: number;
  readonly commitsRefused: number;
  /** Where two owners were heard at once. */
  readonly findings: readonly string[];
  /** From the end of all changes, the sessions that run out afterwards among them, to a stable group of all who live. */
  readonly settledMs: number;
}

const topic = 'storm';
const groupId = 'storm';
const partitions = 64;
const sessionTimeoutMs = 6000;
const settleMsMax = 60_000;
const memberProgram = join(import.meta.dirname, 'storm-member.mjs');

interface Member {
  readonly child: Child;
  readonly family: string;
  isPaused: boolean;
}

/** Members in processes of their own that come, leave, are killed and are stopped for longer than their sessions, while records come in. */
export async function rebalanceStorm(options: StormOptions): Promise<StormResult> {
  const storm = new Storm(options);
  try {
    return await storm.run();
  } finally {
    await storm.dispose();
  }
}

class Storm {
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-storm-'));
  private readonly random: Random;
  private readonly witness = new CommitWitness();
  private readonly everybody: Child[] = [];
  private readonly counts = { joins: 0, leaves: 0, kills: 0, pauses: 0, produced: 0 };
  private living: Member[] = [];
  private service: TopicsService | null = null;
  private cluster: Cluster | null = null;

  constructor(private readonly options: StormOptions) {
    this.random = seededRandom(options.seed);
  }

  async run(): Promise<StormResult> {
    const { seconds } = this.options;
    await this.startService();
    const writing = new AbortController();
    const written = this.write(writing.signal);
    const endAt = Date.now() + seconds * 1000;
    while (Date.now() < endAt) {
      this.change();
      await sleep(200 + this.random.next() * 800);
    }
    for (const member of this.living) this.resume(member);
    writing.abort();
    await written;
    // Whoever was killed last is replaced when its session is over, and a member that was stopped needs two to see that it is out:
    // until then the group still changes.
    await sleep(2.5 * sessionTimeoutMs);
    const settledMs = await this.untilStable();
    await this.untilRead();
    for (const { child } of this.living) await child.stop();
    return {
      ...this.counts,
      ...this.audit(),
      settledMs,
      findings: this.witness.findings,
      ...this.commits(),
    };
  }

  async dispose(): Promise<void> {
    for (const child of this.everybody) if (child.exitCode === undefined) await child.kill();
    this.witness.stop();
    await this.cluster?.close();
    await this.service?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startService(): Promise<void> {
    const { ports } = this.options;
    this.service = new TopicsService({
      dataDirectory: join(this.folder, 'data'),
      catalog: new MemoryCatalog(),
      host: '127.0.0.1',
      port: ports.service,
      config: {
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.witness}`,
        'group.initial.rebalance.delay.ms': '500',
        'group.consumer.session.timeout.ms': String(sessionTimeoutMs),
        'group.consumer.heartbeat.interval.ms': '1000',
      },
      clock: systemClock,
      logger: silentLogger,
    });
    await this.service.start();
    await this.witness.start(ports.witness, ports.service);
    const bootstrap = [`127.0.0.1:${ports.service}`];
    this.cluster = new Cluster({ bootstrap, clientId: 'storm', clock: systemClock, logger: silentLogger });
    await new TopicAdmin(this.cluster).createTopic({ name: topic, partitions });
  }

  /** One thing that happens to the group. */
  private change(): void {
    const awake = this.living.filter(({ isPaused }) => !isPaused);
    const chosen = awake[Math.floor(this.random.next() * awake.length)];
    const chance = this.random.next();
    if (this.living.length < this.options.members / 2 || (chance < 0.4 && this.living.length < this.options.members)) {
      this.join();
    } else if (chance < 0.6 && chosen !== undefined) {
      this.counts.leaves += 1;
      this.drop(chosen);
      void chosen.child.stop(5000);
    } else if (chance < 0.8 && chosen !== undefined) {
      this.counts.kills += 1;
      this.drop(chosen);
      void chosen.child.kill();
    } else if (chosen !== undefined) {
      this.counts.pauses += 1;
      chosen.isPaused = true;
      chosen.child.signal('SIGSTOP');
      setTimeout(() => this.resume(chosen), sessionTimeoutMs + 1500).unref();
    }
  }

  private join(): void {
    const { families, ports } = this.options;
    const family = families[this.counts.joins % families.length] ?? 'own';
    const child = new Child({
      command: process.execPath,
      args: ['--max-old-space-size=128', memberProgram, family, `127.0.0.1:${ports.witness}`, groupId, topic],
      env: { NODE_OPTIONS: '' },
      logPath: join(this.folder, `${this.counts.joins}-${family}.out`),
    });
    this.counts.joins += 1;
    this.everybody.push(child);
    this.living.push({ child, family, isPaused: false });
  }

  private drop(member: Member): void {
    this.living = this.living.filter((other) => other !== member);
  }

  private resume(member: Member): void {
    member.isPaused = false;
    if (member.child.exitCode === undefined) member.child.signal('SIGCONT');
  }

  private async write(signal: AbortSignal): Promise<void> {
    if (this.cluster === null) return;
    const writer = new TopicWriter(this.cluster, {});
    const value = Buffer.from('a record of the storm');
    while (!signal.aborted) {
      const sends = Array.from({ length: partitions }, (_, partition) =>
        writer.writeRecord(topic, { partition, value }),
      );
      await Promise.all(sends);
      this.counts.produced += partitions;
      await sleep(200);
    }
    await writer.close();
  }

  /** State and client ids of the group, of whichever protocol it is. */
  private async groupNow(): Promise<{ state: string; members: string[] }> {
    const client = await RawClient.connect(`127.0.0.1:${this.options.ports.service}`);
    const modern = await client.call(apis.consumerGroupDescribe, 1, { groupIds: [groupId] });
    const classic = await client.call(apis.describeGroups, 5, { groups: [groupId] });
    client.close();
    const [group] = modern.groups[0]?.errorCode === kafkaError.NONE ? modern.groups : classic.groups;
    return { state: group?.groupState ?? '', members: group?.members.map(({ clientId }) => clientId) ?? [] };
  }

  private async untilStable(): Promise<number> {
    const from = Date.now();
    let seen = '';
    while (Date.now() - from < settleMsMax) {
      const group = await this.groupNow();
      const alive = this.living.filter(({ child }) => child.exitCode === undefined);
      if (group.state === 'Stable' && group.members.length === alive.length) return Date.now() - from;
      const living = alive.map(({ family, child }) => `${family} (${complaint(child)})`);
      seen = `${group.state} with ${group.members.sort().join()} where there live:\n${living.join('\n')}`;
      await sleep(200);
    }
    throw new Error(`the group is not at rest after ${settleMsMax} ms: ${seen}`);
  }

  /** Waits until the group has committed the end of every partition. */
  private async untilRead(): Promise<void> {
    const end = this.counts.produced / partitions;
    const from = Date.now();
    while (Date.now() - from < settleMsMax) {
      const places = Array.from({ length: partitions }, (_, partition) => this.witness.committed.get(partition) ?? 0);
      if (places.every((place) => place >= end)) return;
      await sleep(200);
    }
  }

  private audit(): { lost: number; repeated: number } {
    const seen = new Set<string>();
    let lines = 0;
    for (const child of this.everybody) {
      for (const line of child.output().split('\n')) {
        if (!/^\d+ \d+$/.test(line)) continue;
        lines += 1;
        seen.add(line);
      }
    }
    const perPartition = this.counts.produced / partitions;
    let lost = 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      for (let offset = 0; offset < perPartition; offset += 1) if (!seen.has(`${partition} ${offset}`)) lost += 1;
    }
    return { lost, repeated: lines - seen.size };
  }

  private commits(): { commitsAccepted: number; commitsRefused: number } {
    return { commitsAccepted: this.witness.accepted, commitsRefused: this.witness.refused };
  }
}

/** The last thing that a member said besides what it has read. */
function complaint(child: Child): string {
  const lines = child.output().trim().split('\n');
  return lines.findLast((line) => !/^\d+ \d+$/.test(line)) ?? '';
}
