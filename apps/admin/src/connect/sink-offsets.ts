import { BadRequestException, ConflictException, ServiceUnavailableException } from '@nestjs/common';
import { resolveReferences } from '#config/references';
import type { Connector } from '#control/connector';
import { connectorSettings, type ConnectorSettings } from '#pipeline/connector-options';
import type { TopicPartition } from '#pipeline/sink';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { GroupOffset, TopicAdmin } from '#topics/topic-admin';
import type { ConnectorClass } from './connector-class.js';

/** Null: from where `start.from` says. */
export type WantedOffset = TopicPartition & { readonly offset: number | null };

/** How long a sink that was just stopped may take to leave its group. */
const leaveMsMax = 5_000;
const pollMs = 100;

/** Offsets of one sink, wherever they are kept: in its consumer group and, for some classes, in its store as well. */
export class SinkOffsets {
  private readonly settings: ConnectorSettings;
  private readonly groupId: string;

  /** Throws 400 where they are kept in another cluster than ours. */
  constructor(
    private readonly parts: { readonly topics: TopicAdmin; readonly clock: Clock },
    private readonly connectorClass: ConnectorClass,
    private readonly connector: Connector,
  ) {
    this.settings = connectorSettings(connector.config);
    if (this.settings.bootstrap !== null) {
      throw new BadRequestException(
        `Connector ${connector.name} reads from ${this.settings.bootstrap}, and its offsets are kept there: use tools of that cluster`,
      );
    }
    this.groupId = resolveReferences({ group: this.settings.groupId }, process.env)['group'] ?? '';
  }

  committed(): Promise<readonly GroupOffset[]> {
    return this.parts.topics.groupOffsets(this.groupId);
  }

  /** Throws 400 for a place that is not in its topic, 409 while tasks still stop. */
  async move(wanted: readonly WantedOffset[]): Promise<void> {
    const alterStore = this.storeChange();
    for (const place of wanted) await this.check(place);
    await this.untilGroupIsEmpty();
    const kept = wanted.flatMap(({ topic, partition, offset }) =>
      offset === null ? [] : [{ topic, partition, offset }],
    );
    if (kept.length > 0) await this.parts.topics.resetGroupOffsets(this.groupId, kept);
    const dropped = wanted.filter(({ offset }) => offset === null);
    if (dropped.length > 0 && (await this.committed()).length > 0) {
      await this.parts.topics.dropGroupOffsets(this.groupId, dropped);
    }
    await alterStore(wanted);
  }

  async drop(): Promise<void> {
    const alterStore = this.storeChange();
    await this.untilGroupIsEmpty();
    const committed = await this.committed();
    const read = await this.partitionsRead();
    if (committed.length > 0) await this.parts.topics.deleteGroup(this.groupId);
    const all = new Map([...committed, ...read].map((at) => [`${at.topic}-${at.partition}`, at]));
    await alterStore([...all.values()].map(({ topic, partition }) => ({ topic, partition, offset: null })));
  }

  /** Throws 400 for a reference to nothing, before anything is changed; what it gives changes the store, after the group. */
  private storeChange(): (wanted: readonly WantedOffset[]) => Promise<void> {
    const { name, config } = this.connector;
    const { alterOffsets } = this.connectorClass;
    if (alterOffsets === undefined) return () => Promise.resolve();
    const resolved = resolveReferences(config, process.env);
    return async (wanted) => {
      try {
        await alterOffsets(name, resolved, wanted);
      } catch (error) {
        throw new ServiceUnavailableException(
          `The offsets of the consumer group are changed, those in the store of ${name}, which count, are not: ${messageOf(error)}. Send the request again.`,
        );
      }
    };
  }

  private async check({ topic, partition, offset }: WantedOffset): Promise<void> {
    const { topics } = this.parts;
    const known = await topics.describeTopic(topic);
    if (known === null || partition >= known.partitions) {
      throw new BadRequestException(`There is no partition ${partition} of a topic ${topic}`);
    }
    if (offset === null) return;
    const [starts, ends] = await Promise.all([topics.offsets(topic, 'earliest'), topics.offsets(topic, 'latest')]);
    const start = starts.find((candidate) => candidate.partition === partition)?.offset ?? 0;
    const end = ends.find((candidate) => candidate.partition === partition)?.offset ?? 0;
    if (offset < start || offset > end) {
      throw new BadRequestException(
        `Offset ${offset} is not in partition ${partition} of topic ${topic}, which has ${start} to ${end}`,
      );
    }
  }

  private async untilGroupIsEmpty(): Promise<void> {
    const { topics, clock } = this.parts;
    const deadline = clock.monotonic() + leaveMsMax;
    while ((await topics.describeGroup(this.groupId)).members.length > 0) {
      if (clock.monotonic() > deadline) {
        throw new ConflictException(
          `The consumer group ${this.groupId} still has members: tasks of ${this.connector.name} have not stopped yet, or others read in its name. Try again.`,
        );
      }
      await clock.sleep(pollMs);
    }
  }

  /** All of the topics that the sink reads. */
  private async partitionsRead(): Promise<TopicPartition[]> {
    const { pattern, topics: named } = this.settings;
    const listings = await this.parts.topics.listTopics();
    const read = listings.filter(({ name }) => (pattern === null ? named.includes(name) : pattern.test(name)));
    return read.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    );
  }
}
