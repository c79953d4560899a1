import { createServer, connect, type Server, type Socket } from 'node:net';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeRequest, decodeRequestHeader, decodeResponse } from '#wire/kafka/frame';

interface Commit {
  readonly memberId: string;
  readonly epoch: number;
  readonly partitions: readonly { readonly partition: number; readonly offset: number }[];
}

interface Accepted {
  readonly memberId: string;
  readonly epoch: number;
}

/**
 * Stands between clients and a service, passes every byte on, and watches which commits are accepted. A member whose partition was
 * committed by another one in a later epoch is never heard for it again with the epoch that it had (G1); where it is, that is a finding.
 */
export class CommitWitness {
  readonly findings: string[] = [];
  accepted = 0;
  refused = 0;
  /** Partition → the newest offset accepted. */
  readonly committed = new Map<number, number>();
  private readonly owners = new Map<number, Accepted>();
  /** `partition member` → the epoch that the member had there when somebody else took over. */
  private readonly fenced = new Map<string, number>();
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  /** Listens on `port`, for which clients are told to look; passes on to `servicePort`. */
  async start(port: number, servicePort: number): Promise<void> {
    this.server = createServer((client) => this.relay(client, connect(servicePort, '127.0.0.1')));
    await new Promise<void>((resolve) => this.server?.listen(port, '127.0.0.1', resolve));
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server?.close();
  }

  private relay(client: Socket, service: Socket): void {
    const open = new Map<number, { version: number; commit: Commit; fencedBefore: ReadonlyMap<string, number> }>();
    const requests = new FrameTap((frame) => {
      const key = frame.readInt16BE(0);
      const version = frame.readInt16BE(2);
      if (key !== apis.offsetCommit.key) return;
      const header = decodeRequestHeader(frame);
      const commit = commitIn(frame, version, header.bodyAt);
      if (commit === null) return;
      open.set(header.correlationId, { version, commit, fencedBefore: new Map(this.fenced) });
    });
    const answers = new FrameTap((frame) => {
      const asked = open.get(frame.readInt32BE(0));
      if (asked === undefined) return;
      open.delete(frame.readInt32BE(0));
      const { body } = decodeResponse(apis.offsetCommit, asked.version, frame);
      const codes = new Map(
        body.topics.flatMap((topic) => topic.partitions.map((each) => [each.partitionIndex, each.errorCode] as const)),
      );
      this.note(asked.commit, codes, asked.fencedBefore);
    });
    for (const socket of [client, service]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes: Buffer) => requests.push(bytes));
    service.on('data', (bytes: Buffer) => answers.push(bytes));
    client.pipe(service);
    service.pipe(client);
    const close = (): void => {
      client.destroy();
      service.destroy();
      this.sockets.delete(client);
      this.sockets.delete(service);
    };
    client.on('close', close);
    service.on('close', close);
  }

  private note(commit: Commit, codes: ReadonlyMap<number, number>, fencedBefore: ReadonlyMap<string, number>): void {
    const { memberId, epoch } = commit;
    for (const { partition, offset } of commit.partitions) {
      if (codes.get(partition) !== kafkaError.NONE) {
        this.refused += 1;
        continue;
      }
      this.accepted += 1;
      const fencedAt = fencedBefore.get(`${partition} ${memberId}`) ?? -1;
      if (epoch <= fencedAt) {
        this.findings.push(
          `partition ${partition}: ${memberId} was heard at epoch ${epoch}, left behind at ${fencedAt}`,
        );
      }
      const owner = this.owners.get(partition);
      // A partition changes hands with an epoch only. Within one, kafkajs commits what it had before the rebalance under the new generation.
      if (owner !== undefined && owner.memberId !== memberId && epoch > owner.epoch) {
        this.fenced.set(`${partition} ${owner.memberId}`, owner.epoch);
      }
      if (owner === undefined || epoch > owner.epoch) this.owners.set(partition, { memberId, epoch });
      this.committed.set(partition, Math.max(offset, this.committed.get(partition) ?? 0));
    }
  }
}

/** Null for what does not decode, the null member id of a client that has left, for one: the service closes the connection. */
function commitIn(frame: Buffer, version: number, bodyAt: number): Commit | null {
  try {
    const body = decodeRequest(apis.offsetCommit, version, frame, bodyAt);
    return {
      memberId: body.memberId,
      epoch: body.generationIdOrMemberEpoch,
      partitions: body.topics.flatMap((topic) =>
        topic.partitions.map((each) => ({ partition: each.partitionIndex, offset: each.committedOffset })),
      ),
    };
  } catch {
    return null;
  }
}

/** Whole frames, without their sizes, out of a stream of bytes. */
class FrameTap {
  private chunks: Buffer = Buffer.alloc(0);

  constructor(private readonly onFrame: (frame: Buffer) => void) {}

  push(bytes: Buffer): void {
    this.chunks = Buffer.concat([this.chunks, bytes]);
    while (this.chunks.length >= 4 && this.chunks.length >= 4 + this.chunks.readInt32BE(0)) {
      const end = 4 + this.chunks.readInt32BE(0);
      this.onFrame(this.chunks.subarray(4, end));
      this.chunks = this.chunks.subarray(end);
    }
  }
}
