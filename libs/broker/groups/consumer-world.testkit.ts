import { kafkaError } from '#wire/kafka/error-codes';
import type { HeartbeatAnswer } from '#broker/groups/consumer-group';
import type { MemberNews } from '#broker/groups/consumer-member';
import { groupId, topic, type GroupWorld } from '#broker/groups/group-world.testkit';
import { noPartitions, toRows, type Partitions } from '#broker/groups/partitions';

/** What a member says that joins and reads `topics`. */
export function newsOf(given: Partial<MemberNews> = {}): MemberNews {
  return {
    instanceId: null,
    rackId: null,
    clientId: 'client',
    clientHost: '/127.0.0.1',
    rebalanceTimeoutMs: 30_000,
    topics: [topic],
    pattern: null,
    assignor: null,
    classic: null,
    ...given,
  };
}

/** A member of the consumer protocol as clients are: says what is new once, gives up and takes what it is told. */
export class WorldMember {
  epoch = 0;
  owned: Partitions = noPartitions;
  /** When it was last asked to come again. */
  intervalMs = 0;
  private news: MemberNews | null;

  constructor(
    private readonly world: GroupWorld,
    readonly memberId: string,
    private readonly about: Partial<MemberNews> = {},
  ) {
    this.news = newsOf(about);
  }

  /** `topicId/number`, sorted. */
  get partitions(): string[] {
    return toRows(this.owned).flatMap(([topicId, numbers]) => numbers.map((number) => `${topicId}/${number}`));
  }

  async beat(): Promise<HeartbeatAnswer> {
    const quiet = { rebalanceTimeoutMs: null, topics: null, instanceId: this.about.instanceId ?? null };
    const answer = await this.world.coordinator.consumerHeartbeat(groupId, {
      memberId: this.memberId,
      memberEpoch: this.epoch,
      news: this.news ?? newsOf(quiet),
      owned: this.owned,
      mayDescribe: () => true,
    });
    if (answer.errorCode === kafkaError.NONE) {
      this.news = null;
      this.epoch = answer.memberEpoch;
      this.intervalMs = answer.heartbeatIntervalMs;
      this.owned = answer.assignment ?? this.owned;
    } else if (answer.errorCode !== kafkaError.COORDINATOR_NOT_AVAILABLE) {
      this.epoch = 0;
      this.owned = noPartitions;
      this.news = newsOf(this.about);
    }
    return answer;
  }

  /** Says something new with its next heartbeat. */
  tell(news: Partial<MemberNews>): void {
    this.news = newsOf({ ...this.about, ...news });
  }

  async leave(memberEpoch = -1): Promise<number> {
    const news = newsOf({ instanceId: this.about.instanceId ?? null });
    const request = { memberId: this.memberId, memberEpoch, news, owned: null, mayDescribe: () => true };
    return (await this.world.coordinator.consumerHeartbeat(groupId, request)).errorCode;
  }

  /** The error of committing one offset under this epoch. */
  async commit(epoch = this.epoch, partition = 0): Promise<number> {
    const entry = { topic, partition, offset: 1, leaderEpoch: -1, metadata: '' };
    const identity = { memberId: this.memberId, generationId: epoch, groupInstanceId: null };
    const [code] = await this.world.coordinator.offsets.commit(groupId, identity, [entry]);
    return code ?? kafkaError.UNKNOWN_SERVER_ERROR;
  }
}

/** Heartbeats of all, in turn, until nothing moves. */
export async function settleAll(members: readonly WorldMember[]): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const before = members.map((member) => `${member.epoch} ${member.partitions.join()}`).join();
    for (const member of members) await member.beat();
    if (before === members.map((member) => `${member.epoch} ${member.partitions.join()}`).join()) return;
  }
  throw new Error('the group does not come to rest');
}
