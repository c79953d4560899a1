/**
 * Logins of browsers. The token is only in the browser's cookie; here is its hash, and a proof of what was logged in with that can be checked
 * by whoever has the token alone: a copy of the table opens nothing.
 */
import type { EntityManager } from 'typeorm';

export interface AccessSession {
  /** SHA-256 of the token, hexadecimal. */
  readonly tokenHash: string;
  /** `User:alice`, `ApiKey:ci`. */
  readonly principal: string;
  /** Logged in with MILLRACE_ADMIN_KEY. */
  readonly isRoot: boolean;
  /** HMAC of the credential under the token: another password or secret makes it wrong. */
  readonly proof: string;
  readonly ip: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** The session that would end first goes when there are more. */
export const sessionsMax = 10_000;
export const sessionsOfOneMax = 50;

const columns = `token_hash AS "tokenHash", principal, is_root AS "isRoot", proof, ip, created_at AS "createdAt", expires_at AS "expiresAt"`;

/** Also forgets those that are over, and those beyond the limits. */
export async function insertSession(manager: EntityManager, session: AccessSession): Promise<void> {
  const { tokenHash, principal, isRoot, proof, ip, createdAt, expiresAt } = session;
  await manager.query('DELETE FROM millrace.access_session WHERE expires_at <= $1', [createdAt]);
  await manager.query(
    `INSERT INTO millrace.access_session (token_hash, principal, is_root, proof, ip, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [tokenHash, principal, isRoot, proof, ip, createdAt, expiresAt],
  );
  await manager.query(
    `DELETE FROM millrace.access_session WHERE token_hash IN (
       SELECT token_hash FROM millrace.access_session WHERE principal = $1 AND token_hash <> $2
       ORDER BY expires_at DESC OFFSET $3)`,
    [principal, tokenHash, sessionsOfOneMax - 1],
  );
  await manager.query(
    `DELETE FROM millrace.access_session WHERE token_hash IN (
       SELECT token_hash FROM millrace.access_session WHERE token_hash <> $1 ORDER BY expires_at DESC OFFSET $2)`,
    [tokenHash, sessionsMax - 1],
  );
}

export async function findSession(manager: EntityManager, tokenHash: string): Promise<AccessSession | null> {
  const rows: AccessSession[] = await manager.query(
    `SELECT ${columns} FROM millrace.access_session WHERE token_hash = $1`,
    [tokenHash],
  );
  return rows[0] ?? null;
}

/** Nothing happens where it has ended. */
export async function extendSession(manager: EntityManager, tokenHash: string, expiresAt: Date): Promise<void> {
  await manager.query('UPDATE millrace.access_session SET expires_at = $2 WHERE token_hash = $1 AND expires_at < $2', [
    tokenHash,
    expiresAt,
  ]);
}

export async function removeSession(manager: EntityManager, tokenHash: string): Promise<void> {
  await manager.query('DELETE FROM millrace.access_session WHERE token_hash = $1', [tokenHash]);
}

export async function removeSessionsOf(manager: EntityManager, principal: string): Promise<void> {
  await manager.query('DELETE FROM millrace.access_session WHERE principal = $1', [principal]);
}
