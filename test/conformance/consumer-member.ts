import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ConsumerGroupHeartbeatRequest } from '#wire/kafka/schemas/consumer-group-heartbeat';
import type { RawClient } from './raw-client.js';

export type Owned = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

let ids = 0;

/** A member of the consumer protocol (KIP-848) that does what clients do, one heartbeat at a time. */
export class ConsumerMember {
  readonly memberId: string;
  epoch = 0;
  /** What it has; given up or taken the moment that it is told. */
  owned: Owned = [];
  private news: Partial<ConsumerGroupHeartbeatRequest> | null;

  constructor(
    private readonly client: RawClient,
    private readonly groupId: string,
    private readonly about: Partial<ConsumerGroupHeartbeatRequest>,
  ) {
    ids += 1;
    this.memberId = about.memberId ?? `member-${process.pid}-${Date.now().toString(36)}-${ids}`;
    this.news = about;
  }

  /** Partitions as `topicId/number`, sorted. */
  get partitions(): string[] {
    return this.owned.flatMap(({ topicId, partitions }) => partitions.map((each) => `${topicId}/${each}`)).sort();
  }

  /** One request as it is given, over what a member would say. */
  ask(given: Partial<ConsumerGroupHeartbeatRequest> = {}, version = 1) {
    const isJoin = (given.memberEpoch ?? this.epoch) === 0;
    return this.client.call(apis.consumerGroupHeartbeat, version, {
      groupId: this.groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId: this.about.instanceId ?? null,
      ...(isJoin ? { rebalanceTimeoutMs: 60_000, topicPartitions: [], ...this.about } : {}),
      ...given,
    });
  }

  /** One heartbeat; joins again after it was fenced. */
  async beat(): Promise<number> {
    const isJoin = this.epoch === 0;
    const news = this.news ?? {};
    const answer = await this.ask({ ...news, topicPartitions: isJoin ? [] : this.owned });
    this.news = null;
    if (answer.errorCode !== kafkaError.NONE) {
      this.epoch = 0;
      this.owned = [];
      this.news = this.about;
      return answer.errorCode;
    }
    this.epoch = answer.memberEpoch;
    if (answer.assignment !== null) this.owned = answer.assignment.topicPartitions;
    return answer.errorCode;
  }

  /** Says something new with its next heartbeat. */
  tell(news: Partial<ConsumerGroupHeartbeatRequest>): void {
    this.news = news;
  }

  leave(memberEpoch = -1) {
    return this.ask({ memberEpoch });
  }
}
