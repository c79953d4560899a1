/**
 * The nodes that one machine runs side by side, each a broker of its own to clients: which there are, and which of them coordinates
 * what. One node alone is the ordinary case.
 *
 * Coordinators are found by slot, and slots are kept with the cluster: where more nodes come later, groups and transactional ids stay
 * with the node that has their offsets and states.
 */
export const slotCount = 64;

export interface NodesOptions {
  /** Which of them this is, from 0. */
  readonly index: number;
  readonly count: number;
  /** `node.id` of the first one; the others follow it. */
  readonly firstNodeId: number;
  /** Index of the node by slot. */
  readonly slots: readonly number[];
}

export interface NodeAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export class Nodes {
  readonly index: number;
  readonly count: number;
  private readonly firstNodeId: number;
  private readonly slots: readonly number[];

  constructor({ index, count, firstNodeId, slots }: NodesOptions) {
    this.index = index;
    this.count = count;
    this.firstNodeId = firstNodeId;
    this.slots = slots;
  }

  static alone(nodeId: number): Nodes {
    return new Nodes({ index: 0, count: 1, firstNodeId: nodeId, slots: [] });
  }

  /** What clients know the node by. */
  idOf(index: number): number {
    return this.firstNodeId + index;
  }

  /** Null where there is no such node. */
  indexOf(nodeId: number): number | null {
    const index = nodeId - this.firstNodeId;
    return index >= 0 && index < this.count ? index : null;
  }

  /** Leaders by assignments that clients make by hand; null where one names anything but one node of these. */
  leadersOf(assignments: readonly { readonly brokerIds: readonly number[] }[]): number[] | null {
    const leaders = assignments.map(({ brokerIds }) => {
      const [nodeId] = brokerIds;
      return brokerIds.length === 1 && nodeId !== undefined ? this.indexOf(nodeId) : null;
    });
    return leaders.includes(null) ? null : leaders.filter((leader) => leader !== null);
  }

  /** For messages: `node 1`, or `one of the nodes 1 to 3`. */
  get inWords(): string {
    const last = this.idOf(this.count - 1);
    return this.count === 1 ? `node ${last}` : `one of the nodes ${this.firstNodeId} to ${last}`;
  }

  /** Index of the node that coordinates a group or a transactional id. */
  coordinatorOf(key: string): number {
    return this.count === 1 ? 0 : (this.slots[slotOf(key)] ?? 0);
  }

  coordinates(key: string): boolean {
    return this.coordinatorOf(key) === this.index;
  }

  /** All nodes, as a client reaches them that reached this one at `own`: their ports follow each other. */
  addresses(own: { readonly host: string; readonly port: number }): NodeAddress[] {
    return Array.from({ length: this.count }, (_, index) => this.addressOf(index, own));
  }

  addressOf(index: number, { host, port }: { readonly host: string; readonly port: number }): NodeAddress {
    return { nodeId: this.idOf(index), host, port: port + index - this.index };
  }
}

function slotOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return (hash >>> 0) % slotCount;
}
