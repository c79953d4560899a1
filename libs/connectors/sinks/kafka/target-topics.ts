import { kafkaError } from '#wire/kafka/error-codes';
import { FatalSinkError } from '#pipeline/errors';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import type { Cluster } from '#topics/cluster';
import { TopicsError } from '#topics/errors';
import { TopicAdmin } from '#topics/topic-admin';

export interface TargetTopicOptions {
  /** `${topic}` is the records' topic, as transforms may have changed it. */
  readonly template: string;
  readonly keepPartition: boolean;
  /** Null: topics are never created, nor given partitions. */
  readonly creation: { readonly partitions: number | null; readonly replicationFactor: number | null } | null;
}

/** The topics that records go to: their names, and that they are there with enough partitions. */
export class TargetTopics {
  /** Partitions that a topic is known to have at least. */
  private readonly known = new Map<string, number>();

  constructor(
    private readonly cluster: Cluster,
    private readonly options: TargetTopicOptions,
  ) {}

  /** The topic for these records. Rejects with FatalSinkError or a TopicsError. */
  async require(batch: SinkBatch): Promise<string> {
    const name = topicName(this.options.template, destinationTopic(batch));
    const wanted = this.options.keepPartition ? batch.partition + 1 : 1;
    if ((this.known.get(name) ?? 0) < wanted) this.known.set(name, await this.ensure(name, wanted));
    return name;
  }

  private async ensure(name: string, wanted: number): Promise<number> {
    const { creation } = this.options;
    const admin = new TopicAdmin(this.cluster);
    let count = (await admin.describeTopic(name))?.partitions ?? null;
    if (count === null) {
      if (creation === null) throw missing(name, 'there is no such topic');
      await createTopic(admin, name, creation);
      count = (await admin.describeTopic(name))?.partitions ?? wanted;
    }
    if (count >= wanted) return count;
    if (creation === null)
      throw missing(name, `it has ${count} partitions, and records of partition ${wanted - 1} come`);
    await admin.addPartitions(name, wanted).catch((error: unknown) => {
      // Another task was faster, and went further.
      if (!(error instanceof TopicsError) || error.kafkaCode !== kafkaError.INVALID_PARTITIONS) throw error;
    });
    return wanted;
  }
}

export function topicName(template: string, topic: string): string {
  return template.replaceAll('${topic}', topic);
}

async function createTopic(
  admin: TopicAdmin,
  name: string,
  { partitions, replicationFactor }: NonNullable<TargetTopicOptions['creation']>,
): Promise<void> {
  try {
    await admin.createTopic({
      name,
      ...(partitions === null ? {} : { partitions }),
      ...(replicationFactor === null ? {} : { replicationFactor }),
    });
  } catch (error) {
    // Another task was faster.
    if (!(error instanceof TopicsError) || error.kafkaCode !== kafkaError.TOPIC_ALREADY_EXISTS) throw error;
  }
}

function missing(name: string, reason: string): FatalSinkError {
  return new FatalSinkError(
    `Topic ${name} of the target cluster can not take the records: ${reason}. Create it, or set topic.creation.enable=true`,
  );
}
