import type { EngineTopics } from '#log/engine';
import { topicSettings } from '#log/topic-configs';
import type { Nodes } from './nodes.js';
import type { Peers } from './peers.js';

/**
 * Committed offsets of groups that other nodes coordinate, for retention that waits for groups. They are asked for before each step of
 * maintenance. What is not known holds records back.
 */
export class GroupOffsetsElsewhere {
  private known = new Map<string, number>();

  constructor(
    private readonly nodes: Nodes,
    private readonly peers: Peers,
  ) {}

  find(groupId: string, topic: string, partition: number): number | null {
    return this.known.get(keyOf(groupId, topic, partition)) ?? null;
  }

  /** Asks for the groups that `retention.hold.groups` of any topic names. Of a node that is away nothing is known. */
  async refresh(topics: EngineTopics): Promise<void> {
    const byNode = new Map<number, Set<string>>();
    for (const { configs } of topics.list()) {
      if (configs['retention.hold.groups'] === undefined) continue;
      for (const groupId of topicSettings(configs).retentionHoldGroups) {
        if (this.nodes.coordinates(groupId)) continue;
        const node = this.nodes.coordinatorOf(groupId);
        byNode.set(node, (byNode.get(node) ?? new Set()).add(groupId));
      }
    }
    const known = new Map<string, number>();
    await Promise.all([...byNode].map(([node, groupIds]) => this.ask(node, [...groupIds], known)));
    this.known = known;
  }

  private async ask(node: number, groupIds: readonly string[], known: Map<string, number>): Promise<void> {
    const answers = await this.peers.call(node, 'committed', groupIds).catch(() => []);
    for (const [index, offsets] of answers.entries()) {
      const groupId = groupIds[index] ?? '';
      for (const { topic, partition, offset } of offsets) known.set(keyOf(groupId, topic, partition), offset);
    }
  }
}

function keyOf(groupId: string, topic: string, partition: number): string {
  return `${topic}/${partition}/${groupId}`;
}
