import type { LogEngine } from '#log/engine';
import type { Clock } from '#std/clock';
import type { Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { FetchSession, type SessionAnswer } from './fetch-session.js';

/** A session is safe from others for so long after its birth, and may be driven out when it was not used for so long. */
const evictionMs = 120_000;
const idMax = 2 ** 31 - 1;

export type FoundSession = { readonly session: FetchSession } | { readonly code: number };

/**
 * The fetch sessions of all clients (KIP-227). A client without a session sends its whole list each time, so a full cache costs
 * work, never correctness.
 */
export class FetchSessions {
  /** The one used longest ago comes first. */
  private readonly sessions = new Map<number, FetchSession>();
  evicted = 0;

  constructor(
    private readonly engine: LogEngine,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly slots: number,
  ) {}

  get size(): number {
    return this.sessions.size;
  }

  /** The session that a request with this id and epoch goes on with, or the error that tells the client to start anew. */
  find(id: number, epoch: number, namesIds: boolean): FoundSession {
    const session = this.sessions.get(id);
    if (session === undefined) return { code: kafkaError.FETCH_SESSION_ID_NOT_FOUND };
    if (session.epoch !== epoch) return { code: kafkaError.INVALID_FETCH_SESSION_EPOCH };
    if (session.kind.namesIds !== namesIds) return { code: kafkaError.FETCH_SESSION_TOPIC_ID_ERROR };
    return { session };
  }

  use(session: FetchSession): void {
    session.lastUsedMs = this.clock.monotonic();
    session.nextEpoch();
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
  }

  close(id: number): void {
    this.sessions.get(id)?.close();
    this.sessions.delete(id);
  }

  /** The id of a new session that begins with these answers; 0 where the cache has no room for it. */
  create(answers: readonly SessionAnswer[], kind: { namesIds: boolean; isPrivileged: boolean }): number {
    if (!this.makeRoom(kind.isPrivileged, answers.length)) return 0;
    let id = 0;
    while (id === 0 || this.sessions.has(id)) id = 1 + Math.floor(this.random.next() * idMax);
    const session = new FetchSession(this.engine, this.clock, id, { ...kind, createdMs: this.clock.monotonic() });
    this.sessions.set(id, session);
    session.adopt(answers);
    return id;
  }

  closeAll(): void {
    for (const id of this.sessions.keys()) this.close(id);
  }

  /**
   * A place in the cache, if need be that of a session that was not used for two minutes, or else of the smallest one that is
   * smaller than the new one and older than two minutes. A follower's may drive out any consumer's.
   */
  private makeRoom(isPrivileged: boolean, size: number): boolean {
    if (this.sessions.size < this.slots) return true;
    const nowMs = this.clock.monotonic();
    const [oldest] = this.sessions.values();
    if (oldest === undefined) return false;
    if (nowMs - oldest.lastUsedMs > evictionMs) return this.evict(oldest);
    let victim: FetchSession | null = null;
    for (const session of this.sessions.values()) {
      const isOld = nowMs - session.kind.createdMs > evictionMs;
      if (!isOld && (!isPrivileged || session.kind.isPrivileged)) continue;
      if (victim === null || isLess(session, victim.kind.isPrivileged, victim.size)) victim = session;
    }
    return victim !== null && isLess(victim, isPrivileged, size) && this.evict(victim);
  }

  private evict(session: FetchSession): true {
    this.evicted += 1;
    this.close(session.id);
    return true;
  }
}

function isLess(session: FetchSession, isPrivileged: boolean, size: number): boolean {
  if (session.kind.isPrivileged !== isPrivileged) return isPrivileged;
  return session.size < size;
}
