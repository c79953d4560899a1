/**
 * Keys, users, roles and the audit, in PostgreSQL. Changes of roles take one advisory lock, so that two that each leave an
 * administrator do not leave none together.
 */
import { randomBytes } from 'node:crypto';
import type { DataSource, EntityManager, EntitySchema } from 'typeorm';
import { MillraceError, type ErrorKind } from '#std/errors';
import type { Logger } from '#std/log';
import { openDatabase, withDatabase } from '../database.js';
import { controlErrors } from '../errors.js';
import { accessMigrations } from './access-migrations.js';
import {
  accessUserEntity,
  apiKeyEntity,
  roleBindingEntity,
  type AccessSnapshot,
  type AccessUser,
  type ApiKey,
  type ReadOnly,
  type RoleBinding,
} from './access-records.js';
import { appendAudit, readAudit, type AuditEntry, type AuditFilter, type AuditRecord } from './audit-records.js';
import {
  extendSession,
  findSession,
  insertSession,
  removeSession,
  removeSessionsOf,
  type AccessSession,
} from './session-records.js';

export const accessErrors = {
  exists: { code: 'access.exists', retriable: false, http: 409 },
  unknown: { code: 'access.unknown', retriable: false, http: 404 },
  tooMany: { code: 'access.too_many', retriable: false, http: 409 },
  lastAdministrator: { code: 'access.last_administrator', retriable: false, http: 409 },
} satisfies Record<string, ErrorKind>;

export interface NewBinding {
  readonly principal: string;
  readonly role: string;
  readonly areas: readonly string[];
  readonly namePrefix: string;
}

/** Says by an error that what is bound after a change will not do; called in the transaction of the change. */
export type BindingsCheck = (before: readonly RoleBinding[], after: readonly RoleBinding[]) => void;

export interface ChangeOptions {
  /** Everything is checked and done, then undone. Default false. */
  readonly isDryRun?: boolean;
}

/** Of each kind: all are held in memory by every administration. */
export const accessRowsMax = 10_000;
/** Any number, the same in every process of the product. */
const accessLock = 723_460_011;
const neverReadOnly: ReadOnly = { readOnly: false, reason: '', changedBy: '', changedAt: null };

export class AccessStore {
  private source: DataSource | null = null;

  constructor(private readonly options: { databaseUrl: string; logger: Logger }) {}

  /** Connects and migrates. Throws `control.database.away` (retriable). */
  async start(): Promise<void> {
    this.source = await openDatabase({
      databaseUrl: this.options.databaseUrl,
      room: 'access',
      entities: [apiKeyEntity, accessUserEntity, roleBindingEntity] as EntitySchema<never>[],
      migrations: accessMigrations,
      logger: this.options.logger,
      connectionsMax: 2,
    });
  }

  async stop(): Promise<void> {
    const source = this.source;
    this.source = null;
    await source?.destroy();
  }

  load(): Promise<AccessSnapshot> {
    return withDatabase('reading who may do what', async () => {
      const { manager } = this.database();
      const [keys, users, bindings, readOnly] = await Promise.all([
        manager.find(apiKeyEntity, { order: { name: 'ASC' }, take: accessRowsMax }),
        manager.find(accessUserEntity, { order: { name: 'ASC' }, take: accessRowsMax }),
        bindingsOf(manager),
        readOnlyOf(manager),
      ]);
      return { keys, users, bindings, readOnly };
    });
  }

  /** Throws `access.exists`, and what `check` throws. */
  createKey(
    key: Pick<ApiKey, 'id' | 'name' | 'secretHash' | 'createdBy' | 'expiresAt'>,
    bindings: readonly NewBinding[],
    check: BindingsCheck,
    options: ChangeOptions = {},
  ): Promise<{ key: ApiKey; bindings: RoleBinding[] }> {
    const work = async (manager: EntityManager): Promise<{ key: ApiKey; bindings: RoleBinding[] }> => {
      await requireRoom(manager, 'api_key', 'API keys');
      if (await manager.existsBy(apiKeyEntity, { name: key.name })) {
        throw new MillraceError(accessErrors.exists, `There is an API key ${key.name} already.`);
      }
      await manager.query(
        `INSERT INTO millrace.api_key (id, name, secret_hash, created_by, expires_at) VALUES ($1, $2, $3, $4, $5)`,
        [key.id, key.name, key.secretHash, key.createdBy, key.expiresAt],
      );
      const ids = new Set(await bind(manager, bindings, key.createdBy, check));
      const made = (await bindingsOf(manager)).filter(({ id }) => ids.has(id));
      return { key: await requireKey(manager, key.name), bindings: made };
    };
    return this.change('creating an API key', work, options);
  }

  /** A new secret for an old name; the old one is good no more. Throws `access.unknown`. */
  rotateKey(name: string, fresh: { id: string; secretHash: string }): Promise<ApiKey> {
    return this.change('rotating an API key', async (manager) => {
      await requireKey(manager, name);
      await manager.query(
        `UPDATE millrace.api_key SET id = $2, secret_hash = $3, rotated_at = now(), revision = revision + 1 WHERE name = $1`,
        [name, fresh.id, fresh.secretHash],
      );
      return requireKey(manager, name);
    });
  }

  /** With its roles. Throws `access.unknown`, and what `check` throws. */
  deleteKey(name: string, check: BindingsCheck, options: ChangeOptions = {}): Promise<void> {
    const work = async (manager: EntityManager): Promise<void> => {
      await requireKey(manager, name);
      await manager.delete(apiKeyEntity, { name });
      await removeSessionsOf(manager, `ApiKey:${name}`);
      await unbind(manager, (binding) => binding.principal === `ApiKey:${name}`, check);
    };
    return this.change('deleting an API key', work, options);
  }

  putUser(user: Pick<AccessUser, 'name' | 'salt' | 'storedKey' | 'iterations'>): Promise<void> {
    return this.change('writing a user', async (manager) => {
      await requireRoom(manager, 'access_user', 'users');
      await manager.query(
        `INSERT INTO millrace.access_user (name, salt, stored_key, iterations) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE
           SET salt = excluded.salt, stored_key = excluded.stored_key, iterations = excluded.iterations, updated_at = now()`,
        [user.name, user.salt, user.storedKey, user.iterations],
      );
    });
  }

  /** With its roles; nothing happens where there is none. Throws what `check` throws. */
  deleteUser(name: string, check: BindingsCheck, options: ChangeOptions = {}): Promise<void> {
    const work = async (manager: EntityManager): Promise<void> => {
      await manager.delete(accessUserEntity, { name });
      await removeSessionsOf(manager, `User:${name}`);
      await unbind(manager, (binding) => binding.principal === `User:${name}`, check);
    };
    return this.change('deleting a user', work, options);
  }

  /** Throws `access.exists`, and what `check` throws. */
  createBinding(
    binding: NewBinding,
    createdBy: string,
    check: BindingsCheck,
    options: ChangeOptions = {},
  ): Promise<RoleBinding> {
    const work = async (manager: EntityManager): Promise<RoleBinding> => {
      const [id = ''] = await bind(manager, [binding], createdBy, check);
      return manager.findOneByOrFail(roleBindingEntity, { id });
    };
    return this.change('giving a role', work, options);
  }

  /** Throws `access.unknown`, and what `check` throws. */
  deleteBinding(id: string, check: BindingsCheck, options: ChangeOptions = {}): Promise<void> {
    const work = async (manager: EntityManager): Promise<void> => {
      if (!(await manager.existsBy(roleBindingEntity, { id }))) {
        throw new MillraceError(accessErrors.unknown, `There is no role binding ${id}.`);
      }
      await unbind(manager, (binding) => binding.id === id, check);
    };
    return this.change('taking a role', work, options);
  }

  setReadOnly(readOnly: boolean, reason: string, changedBy: string): Promise<ReadOnly> {
    return this.change('changing the read-only mode', async (manager) => {
      await manager.query(
        `INSERT INTO millrace.access_read_only (read_only, reason, changed_by) VALUES ($1, $2, $3)
         ON CONFLICT (is_only_row) DO UPDATE
           SET read_only = excluded.read_only, reason = excluded.reason, changed_by = excluded.changed_by, changed_at = now()`,
        [readOnly, reason, changedBy],
      );
      return readOnlyOf(manager);
    });
  }

  appendAudit(entries: readonly AuditEntry[]): Promise<void> {
    return withDatabase('writing the audit', () => appendAudit(this.database().manager, entries));
  }

  /** Newest first. */
  readAudit(filter: AuditFilter): Promise<AuditRecord[]> {
    return withDatabase('reading the audit', () => readAudit(this.database().manager, filter));
  }

  openSession(session: AccessSession): Promise<void> {
    return this.change('keeping a login', (manager) => insertSession(manager, session));
  }

  /** By the hash of its token; also one that is over. */
  findSession(tokenHash: string): Promise<AccessSession | null> {
    return withDatabase('reading a login', () => findSession(this.database().manager, tokenHash));
  }

  extendSession(tokenHash: string, expiresAt: Date): Promise<void> {
    return withDatabase('keeping a login', () => extendSession(this.database().manager, tokenHash, expiresAt));
  }

  removeSession(tokenHash: string): Promise<void> {
    return withDatabase('ending a login', () => removeSession(this.database().manager, tokenHash));
  }

  /** All of one principal. */
  removeSessionsOf(principal: string): Promise<void> {
    return withDatabase('ending logins', () => removeSessionsOf(this.database().manager, principal));
  }

  private change<T>(
    doing: string,
    work: (manager: EntityManager) => Promise<T>,
    { isDryRun = false }: ChangeOptions = {},
  ): Promise<T> {
    return withDatabase(doing, async () => {
      const runner = this.database().createQueryRunner();
      try {
        await runner.startTransaction();
        await runner.query('SELECT pg_advisory_xact_lock($1)', [accessLock]);
        const result = await work(runner.manager);
        await (isDryRun ? runner.rollbackTransaction() : runner.commitTransaction());
        return result;
      } catch (error) {
        if (runner.isTransactionActive) await runner.rollbackTransaction();
        throw error;
      } finally {
        await runner.release();
      }
    });
  }

  private database(): DataSource {
    if (this.source !== null) return this.source;
    throw new MillraceError(controlErrors.databaseAway, 'The store of keys and roles is not started.');
  }
}

function bindingsOf(manager: EntityManager): Promise<RoleBinding[]> {
  return manager.find(roleBindingEntity, { order: { principal: 'ASC', id: 'ASC' }, take: accessRowsMax });
}

async function readOnlyOf(manager: EntityManager): Promise<ReadOnly> {
  const rows: ReadOnly[] = await manager.query(
    `SELECT read_only AS "readOnly", reason, changed_by AS "changedBy", changed_at AS "changedAt" FROM millrace.access_read_only`,
  );
  return rows[0] ?? neverReadOnly;
}

/** The ids of what is new. */
async function bind(
  manager: EntityManager,
  bindings: readonly NewBinding[],
  createdBy: string,
  check: BindingsCheck,
): Promise<string[]> {
  const before = await bindingsOf(manager);
  const ids: string[] = [];
  for (const { principal, role, areas, namePrefix } of bindings) {
    await requireRoom(manager, 'role_binding', 'role bindings');
    const id = `rb${randomBytes(8).toString('hex')}`;
    const added: unknown[] = await manager.query(
      `INSERT INTO millrace.role_binding (id, principal, role, areas, name_prefix, created_by) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT DO NOTHING RETURNING id`,
      [id, principal, role, [...areas].sort(), namePrefix, createdBy],
    );
    if (added.length === 0) {
      throw new MillraceError(accessErrors.exists, `${principal} has that role already, with the same limits.`);
    }
    ids.push(id);
  }
  check(before, await bindingsOf(manager));
  return ids;
}

async function unbind(
  manager: EntityManager,
  isGone: (binding: RoleBinding) => boolean,
  check: BindingsCheck,
): Promise<void> {
  const before = await bindingsOf(manager);
  const gone = before.filter(isGone);
  if (gone.length === 0) return;
  await manager.query('DELETE FROM millrace.role_binding WHERE id = ANY($1)', [gone.map(({ id }) => id)]);
  check(
    before,
    before.filter((binding) => !isGone(binding)),
  );
}

async function requireKey(manager: EntityManager, name: string): Promise<ApiKey> {
  const key = await manager.findOneBy(apiKeyEntity, { name });
  if (key === null) throw new MillraceError(accessErrors.unknown, `There is no API key ${name}.`);
  return key;
}

async function requireRoom(manager: EntityManager, table: string, what: string): Promise<void> {
  const rows: { count: string }[] = await manager.query(`SELECT count(*) AS count FROM millrace.${table}`);
  if (Number(rows[0]?.count ?? 0) >= accessRowsMax) {
    throw new MillraceError(accessErrors.tooMany, `There are ${accessRowsMax} ${what} already. Delete some first.`);
  }
}
