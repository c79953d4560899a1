import type { LogEngine, Topic } from '#log/engine';
import { MillraceError } from '#std/errors';
import { kafkaError } from '#wire/kafka/error-codes';
import type { BrokerConfig } from './broker-options.js';
import { topicConfigProblem } from './topic-config-entries.js';
import { collisionKey, topicNameProblem } from './topic-names.js';

export interface TopicProblem {
  readonly code: number;
  readonly message: string | null;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
  /** As of `Topic`; default: nodes that lead the fewest. */
  readonly leaders?: readonly number[] | null;
}

export interface CreateOutcome extends TopicProblem {
  readonly topic: Topic | null;
}

/** The rules for topics that every way of creating them shares. The catalog keeps what it is given. */
export class TopicAdmin {
  /** Creations under way, by name: two clients often ask for the metadata of the same new topic at once. */
  private readonly creating = new Map<string, Promise<CreateOutcome>>();

  constructor(
    private readonly engine: LogEngine,
    private readonly config: BrokerConfig,
  ) {}

  /** Code NONE where `create` would be allowed. */
  check(spec: TopicSpec): CreateOutcome {
    return { ...this.problem(spec), topic: null };
  }

  async create(spec: TopicSpec): Promise<CreateOutcome> {
    const underWay = this.creating.get(spec.name);
    if (underWay !== undefined) {
      const first = await underWay;
      return first.topic === null ? first : { ...exists(spec.name), topic: null };
    }
    const checked = this.check(spec);
    if (checked.code !== kafkaError.NONE) return checked;
    const creation = this.createChecked(spec);
    this.creating.set(spec.name, creation);
    try {
      return await creation;
    } finally {
      this.creating.delete(spec.name);
    }
  }

  /** Why `count` cannot be a number of partitions; null where it can. */
  partitionsProblem(count: number): string | null {
    const max = this.config['topic.partitions.max'];
    if (count < 1) return `A topic has at least 1 partition; ${count} were asked for.`;
    return count > max ? `A topic has at most ${max} partitions; ${count} were asked for.` : null;
  }

  private problem(spec: TopicSpec): TopicProblem {
    const name = topicNameProblem(spec.name);
    if (name !== null) return { code: kafkaError.INVALID_TOPIC_EXCEPTION, message: name };
    if (this.engine.topics.byName(spec.name) !== null) return exists(spec.name);
    const rival = this.collision(spec.name);
    if (rival !== null) {
      return {
        code: kafkaError.INVALID_TOPIC_EXCEPTION,
        message: `Topic "${spec.name}" differs from "${rival}" only in "." and "_".`,
      };
    }
    const partitions = this.partitionsProblem(spec.partitions);
    if (partitions !== null) return { code: kafkaError.INVALID_PARTITIONS, message: partitions };
    const config = topicConfigProblem(spec.configs);
    if (config !== null) return { code: kafkaError.INVALID_CONFIG, message: config };
    return { code: kafkaError.NONE, message: null };
  }

  private async createChecked(spec: TopicSpec): Promise<CreateOutcome> {
    try {
      const topic = await this.engine.topics.create(spec);
      return { code: kafkaError.NONE, message: null, topic };
    } catch (error) {
      return { ...problemOf(error), topic: null };
    }
  }

  private collision(name: string): string | null {
    const key = collisionKey(name);
    const rival = this.engine.topics.list().find((topic) => collisionKey(topic.name) === key);
    return rival?.name ?? null;
  }
}

function exists(name: string): TopicProblem {
  return { code: kafkaError.TOPIC_ALREADY_EXISTS, message: `Topic "${name}" already exists.` };
}

/** What a client is told of an error that the engine threw; errors that are not expected are thrown on. */
export function problemOf(error: unknown): TopicProblem {
  if (!(error instanceof MillraceError)) throw error;
  return { code: error.kind.kafka ?? kafkaError.UNKNOWN_SERVER_ERROR, message: error.message };
}
