/** What was asked for that changes something, by whom, from where, and how it ended. Values of bodies are never kept, only their fields. */
import type { EntityManager } from 'typeorm';

export interface AuditEntry {
  readonly at: Date;
  readonly principal: string;
  readonly ip: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly areas: readonly string[];
  readonly level: string;
  /** Of what was touched, where the path or the body says it. */
  readonly name: string | null;
  /** HTTP status of the answer. */
  readonly status: number;
  /** First names of the body. */
  readonly fields: readonly string[];
  readonly revisionBefore: string | null;
  readonly revisionAfter: string | null;
}

export interface AuditRecord extends AuditEntry {
  /** Rises with each entry. */
  readonly id: string;
}

export interface AuditFilter {
  readonly since?: Date;
  readonly until?: Date;
  readonly principal?: string;
  readonly area?: string;
  readonly name?: string;
  /** Only those with a smaller id. */
  readonly before?: string;
  readonly limit: number;
}

export async function appendAudit(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
  await manager.query(
    `INSERT INTO millrace.audit
       (at, principal, ip, method, path, areas, level, name, status, fields, revision_before, revision_after)
     SELECT e.at, e.principal, e.ip, e.method, e.path, e.areas, e.level, e.name, e.status, e.fields, e."revisionBefore", e."revisionAfter"
     FROM json_to_recordset($1) AS e(at timestamptz, principal text, ip text, method text, path text, areas text[], level text, name text,
       status integer, fields text[], "revisionBefore" text, "revisionAfter" text)`,
    [JSON.stringify(entries)],
  );
}

export async function readAudit(manager: EntityManager, filter: AuditFilter): Promise<AuditRecord[]> {
  const { since = null, until = null, principal = null, area = null, name = null, before = null, limit } = filter;
  return manager.query(
    `SELECT audit.id::text, at, principal, ip, method, path, areas, level, name, status, fields,
       revision_before AS "revisionBefore", revision_after AS "revisionAfter"
     FROM millrace.audit
     WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2)
       AND ($3::text IS NULL OR principal = $3) AND ($4::text IS NULL OR $4 = ANY(areas)) AND ($5::text IS NULL OR name = $5)
       AND ($6::bigint IS NULL OR audit.id < $6)
     ORDER BY audit.id DESC LIMIT $7`,
    [since, until, principal, area, name, before, limit],
  );
}
