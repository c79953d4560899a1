import { createHash, randomBytes } from 'node:crypto';
import { parseScramUsers } from '#security/scram-bootstrap';
import {
  scramDecoy,
  scramIterations,
  scramNames,
  type ScramCredential,
  type ScramName,
  type ScramVerifiers,
} from '#security/scram';
import type { ClusterChange } from '#log/engine';
import type { ClusterState } from '../cluster-state.js';

export const scramKind = 'scram';
/** What decoys are made of; it lives as long as the verifiers, or a restart would show which users are none. */
const secretKind = 'scram-decoy';

export interface ScramChange {
  readonly mechanism: ScramName;
  readonly user: string;
  /** Null removes. */
  readonly credential: ScramCredential | null;
}

interface StoredCredential {
  readonly user: string;
  readonly mechanism: ScramName;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
  readonly iterations: number;
}

/** The SCRAM verifiers of all users: records of the cluster. */
export class ScramStore implements ScramVerifiers {
  private readonly users = new Map<string, Map<ScramName, ScramCredential>>();
  /** Iterations of all verifiers, for decoys to look like one of them. */
  private iterations: number[] = [];
  private decoySeed = randomBytes(32);

  constructor(private readonly cluster: ClusterState) {
    cluster.listen(scramKind, (records) => this.read(records));
    // Also where another node has chosen it: all must show the same.
    cluster.listen(secretKind, (records) => {
      const seed = records.get('seed');
      if (seed !== undefined) this.decoySeed = Buffer.from(seed, 'base64');
    });
  }

  /** Makes the users of `scram.bootstrap.users` that are not there. The cluster's records are loaded before. */
  async start(bootstrapUsers: string | null): Promise<void> {
    const changes: ScramChange[] = [];
    for (const { mechanism, user, credential } of parseScramUsers(bootstrapUsers ?? '')) {
      if (this.find(mechanism, user) === null) changes.push({ mechanism, user, credential: credential() });
    }
    await this.change(changes);
    if (!this.hasSeed() && this.users.size > 0) await this.cluster.put([this.seedRecord()]);
  }

  find(mechanism: ScramName, user: string): ScramCredential | null {
    return this.users.get(user)?.get(mechanism) ?? null;
  }

  decoy(mechanism: ScramName, user: string): ScramCredential {
    const pick = createHash('sha256').update(this.decoySeed).update(user).digest().readUInt32BE(0);
    const iterations = this.iterations[pick % Math.max(1, this.iterations.length)] ?? scramIterations.default;
    return scramDecoy(mechanism, user, this.decoySeed, iterations);
  }

  /** Users in order, with what they have. */
  list(): { user: string; credentials: ReadonlyMap<ScramName, ScramCredential> }[] {
    return [...this.users.keys()].sort().map((user) => ({ user, credentials: this.users.get(user) ?? new Map() }));
  }

  /** Resolves when it is durable. All or none. */
  change(changes: readonly ScramChange[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve();
    const records: ClusterChange[] = changes.map(({ mechanism, user, credential }) => ({
      kind: scramKind,
      key: keyOf(mechanism, user),
      value: credential === null ? null : JSON.stringify(stored(mechanism, user, credential)),
    }));
    if (!this.hasSeed()) records.push(this.seedRecord());
    return this.cluster.put(records);
  }

  private hasSeed(): boolean {
    return this.cluster.records(secretKind).has('seed');
  }

  private seedRecord(): ClusterChange {
    return { kind: secretKind, key: 'seed', value: this.decoySeed.toString('base64') };
  }

  private read(records: ReadonlyMap<string, string>): void {
    this.users.clear();
    this.iterations = [];
    for (const text of records.values()) {
      const { user, mechanism, salt, storedKey, serverKey, iterations } = JSON.parse(text) as StoredCredential;
      const credentials = this.users.get(user) ?? new Map<ScramName, ScramCredential>();
      this.users.set(user, credentials);
      credentials.set(mechanism, {
        salt: Buffer.from(salt, 'base64'),
        storedKey: Buffer.from(storedKey, 'base64'),
        serverKey: Buffer.from(serverKey, 'base64'),
        iterations,
      });
      this.iterations.push(iterations);
    }
  }
}

/** The numbers of mechanisms in the protocol. */
export const scramCode: Readonly<Record<ScramName, number>> = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 };

export function scramOfCode(code: number): ScramName | null {
  return scramNames.find((name) => scramCode[name] === code) ?? null;
}

function keyOf(mechanism: ScramName, user: string): string {
  return `${mechanism} ${createHash('sha256').update(user).digest('base64url')}`;
}

function stored(mechanism: ScramName, user: string, credential: ScramCredential): StoredCredential {
  return {
    user,
    mechanism,
    salt: credential.salt.toString('base64'),
    storedKey: credential.storedKey.toString('base64'),
    serverKey: credential.serverKey.toString('base64'),
    iterations: credential.iterations,
  };
}
