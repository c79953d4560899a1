import type { DeadLetter, DeadLetterQueue } from '#pipeline/dead-letter';
import type { TopicAdmin } from '#topics/topic-admin';
import type { TopicWriter } from '#topics/topic-writer';

export interface DeadLetterTopicOptions {
  readonly topic: string;
  /** Of a topic that has to be created. */
  readonly replicationFactor: number;
}

/** Kafka's code for a topic that exists. */
const topicAlreadyExists = 36;

/**
 * Dead letters in a topic, each acknowledged by all replicas before it counts (the writer's default). The topic is created with
 * one partition, as Connect does, where it is missing.
 */
export class DeadLetterTopic implements DeadLetterQueue {
  private ready = false;

  constructor(
    private readonly writer: Pick<TopicWriter, 'writeRecord' | 'close'>,
    private readonly admin: Pick<TopicAdmin, 'describeTopic' | 'createTopic'>,
    private readonly options: DeadLetterTopicOptions,
  ) {}

  get topic(): string {
    return this.options.topic;
  }

  async write(letter: DeadLetter): Promise<void> {
    if (!this.ready) {
      await this.ensureTopic();
      this.ready = true;
    }
    await this.writer.writeRecord(this.options.topic, letter);
  }

  close(): Promise<void> {
    return this.writer.close();
  }

  private async ensureTopic(): Promise<void> {
    const { topic, replicationFactor } = this.options;
    if ((await this.admin.describeTopic(topic)) !== null) return;
    try {
      await this.admin.createTopic({ name: topic, partitions: 1, replicationFactor });
    } catch (error) {
      if (!existedAlready(error)) throw error;
    }
  }
}

function existedAlready(error: unknown): boolean {
  return error instanceof Error && 'kafkaCode' in error && error.kafkaCode === topicAlreadyExists;
}
