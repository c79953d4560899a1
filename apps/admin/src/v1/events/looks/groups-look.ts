/** Consumer groups with what they have committed and who is in them: three requests a coordinator, whatever the number of groups. */
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import { decodeAssignment, type TopicPartition } from '#topics/consumer-protocol';
import { offsetVersionMax } from '#topics/offset-versions';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { Remembered } from './remembered.js';

export interface GroupLook {
  readonly id: string;
  readonly state: string;
  readonly type: string;
  /** Client ids of members by partition, `topic partition`. */
  readonly readers: ReadonlyMap<string, string>;
  readonly members: number;
  readonly committed: readonly (TopicPartition & { readonly offset: number })[];
}

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly type: string;
}

interface Members {
  readonly count: number;
  readonly readers: ReadonlyMap<string, string>;
}

const tickFreshMs = 500;
const membersFreshMs = 3_000;
const groupsPerRequest = 500;
const lookupsAtOnce = 16;
const noMembers: Members = { count: 0, readers: new Map() };

export class GroupsLook {
  private readonly listed: Remembered<readonly Listed[]>;
  private readonly members: Remembered<ReadonlyMap<string, Members>>;
  private readonly all: Remembered<ReadonlyMap<string, GroupLook>>;

  constructor(
    private readonly cluster: Cluster,
    clock: Clock,
  ) {
    this.listed = new Remembered(() => this.askList(), tickFreshMs, clock);
    this.members = new Remembered(() => this.askMembers(), membersFreshMs, clock);
    this.all = new Remembered(() => this.ask(), tickFreshMs, clock);
  }

  /** By id. */
  groups(): Promise<ReadonlyMap<string, GroupLook>> {
    return this.all.get();
  }

  private async ask(): Promise<ReadonlyMap<string, GroupLook>> {
    const listed = await this.listed.get();
    const [members, offsets] = await Promise.all([this.members.get(), this.askOffsets(listed)]);
    return new Map(
      listed.map(({ id, state, type }) => {
        const { count, readers } = members.get(id) ?? noMembers;
        return [id, { id, state, type, readers, members: count, committed: offsets.get(id) ?? [] }];
      }),
    );
  }

  private async askList(): Promise<readonly Listed[]> {
    if (this.cluster.metadata.nodes.length === 0) await this.cluster.refresh([]);
    const answers = this.cluster.metadata.nodes.map(({ nodeId: node }) =>
      this.cluster.request({ node }, apis.listGroups, {}),
    );
    const groups = (await Promise.all(answers)).flatMap((answer) => answer.groups);
    return groups
      .map((group) => ({ id: group.groupId, state: group.groupState, type: group.groupType || group.protocolType }))
      .sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  private async askMembers(): Promise<ReadonlyMap<string, Members>> {
    const found = new Map<string, Members>();
    await this.eachCoordinator(await this.listed.get(), async (node, groups) => {
      const answer = await this.cluster.request({ node }, apis.describeGroups, { groups });
      for (const group of answer.groups) {
        if (group.errorCode !== kafkaError.NONE) continue;
        const readers = new Map<string, string>();
        for (const { clientId, memberAssignment } of group.protocolType === 'consumer' ? group.members : []) {
          for (const place of decodeAssignment(memberAssignment)) readers.set(placeKey(place), clientId);
        }
        found.set(group.groupId, { count: group.members.length, readers });
      }
    });
    return found;
  }

  private async askOffsets(listed: readonly Listed[]): Promise<ReadonlyMap<string, GroupLook['committed']>> {
    const found = new Map<string, GroupLook['committed']>();
    await this.eachCoordinator(listed, async (node, groups) => {
      const body = {
        groupId: groups[0] ?? '',
        topics: null,
        groups: groups.map((groupId) => ({ groupId, topics: null })),
      };
      const answer = await this.cluster.request({ node }, apis.offsetFetch, body, { versionMax: offsetVersionMax });
      const answers = answer.groups.length > 0 ? answer.groups : [{ ...answer, groupId: body.groupId }];
      for (const { groupId, errorCode, topics } of answers) {
        if (errorCode !== kafkaError.NONE) this.cluster.forgetCoordinator(groupId);
        const committed = topics.flatMap(({ name: topic, partitions }) =>
          partitions.flatMap(({ partitionIndex: partition, committedOffset: offset }) =>
            offset < 0 ? [] : [{ topic, partition, offset }],
          ),
        );
        found.set(groupId, committed);
      }
    });
    return found;
  }

  private async eachCoordinator(
    listed: readonly Listed[],
    ask: (node: number, groups: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const byNode = new Map<number, string[]>();
    const [only] = this.cluster.metadata.nodes;
    const isAlone = this.cluster.metadata.nodes.length === 1;
    for (let at = 0; at < listed.length; at += lookupsAtOnce) {
      const some = listed.slice(at, at + lookupsAtOnce);
      const nodes =
        isAlone && only !== undefined
          ? some.map(() => only.nodeId)
          : await Promise.all(some.map(({ id }) => this.cluster.coordinatorOf(id)));
      for (const [index, { id }] of some.entries()) {
        const node = nodes[index] ?? -1;
        const others = byNode.get(node);
        if (others === undefined) byNode.set(node, [id]);
        else others.push(id);
      }
    }
    await Promise.all(
      [...byNode].map(async ([node, ids]) => {
        for (let at = 0; at < ids.length; at += groupsPerRequest) {
          await ask(node, ids.slice(at, at + groupsPerRequest));
        }
      }),
    );
  }
}

export function placeKey({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`;
}
