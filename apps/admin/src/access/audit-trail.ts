import type { Request, Response } from 'express';
import type { AuditEntry } from '#control/access/audit-records';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { ipOf } from './access-control.js';
import type { Principal } from './principal.js';
import type { Requirement } from './requires.js';

export interface AuditedRequest {
  readonly request: Request;
  readonly response: Response;
  readonly principal: Principal;
  readonly requirement: Requirement;
  readonly name: string | null;
}

/** Entries that wait for the database; over that the oldest go to the log instead. */
const waitingMax = 10_000;
const batchMax = 500;
const retryMs = 1_000;
const fieldsMax = 50;
const textLengthMax = 512;

/** Writes what changed something into the audit, once its answer is out. Entries wait while the database is away. */
export class AuditTrail {
  private waiting: AuditEntry[] = [];
  private writing: Promise<void> | null = null;
  private retry: NodeJS.Timeout | null = null;

  constructor(
    private readonly store: { appendAudit(entries: readonly AuditEntry[]): Promise<void> },
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Trial runs change nothing and are left out. */
  follow({ request, response, principal, requirement, name }: AuditedRequest): void {
    if (request.query['validate_only'] === 'true') return;
    const { method, path } = request;
    const fields = fieldsOf(request.body);
    const revisionBefore = tagOf(request.headers['if-match']);
    const at = new Date(this.clock.now());
    response.once('close', () =>
      this.add({
        at,
        principal: cut(principal.name),
        ip: ipOf(request),
        method,
        path: cut(path),
        areas: requirement.areas,
        level: requirement.level,
        name: name === null ? null : cut(name),
        status: response.statusCode,
        fields,
        revisionBefore,
        revisionAfter: tagOf(response.getHeader('etag')),
      }),
    );
  }

  /** Writes what waits, or gives it to the log. */
  async stop(): Promise<void> {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    await this.writing;
    if (this.waiting.length > 0) await this.write();
    if (this.retry !== null) clearTimeout(this.retry);
    for (const entry of this.waiting) this.lose(entry);
    this.waiting = [];
  }

  private add(entry: AuditEntry): void {
    this.waiting.push(entry);
    if (this.waiting.length > waitingMax) {
      const oldest = this.waiting.shift();
      if (oldest !== undefined) this.lose(oldest);
    }
    if (this.retry === null) this.writing ??= this.write().finally(() => (this.writing = null));
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, batchMax);
      try {
        await this.store.appendAudit(batch);
        const written = new Set(batch);
        this.waiting = this.waiting.filter((entry) => !written.has(entry));
      } catch (error) {
        this.logger.warn(`The audit waits, ${this.waiting.length} entries: ${messageOf(error)}`);
        this.retry = setTimeout(() => {
          this.retry = null;
          this.writing ??= this.write().finally(() => (this.writing = null));
        }, retryMs);
        this.retry.unref();
        return;
      }
    }
  }

  private lose({ principal, method, path, status }: AuditEntry): void {
    this.logger.error('An entry of the audit could not be written.', { principal, method, path, status });
  }
}

/** Names only: values may be secrets. */
function fieldsOf(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  return Object.keys(body).slice(0, fieldsMax).map(cut);
}

/** A revision's own tag; those that Express makes of a body's bytes are weak. */
function tagOf(header: unknown): string | null {
  return typeof header === 'string' ? (/^"(\d{1,18})"$/.exec(header.trim())?.[1] ?? null) : null;
}

/** PostgreSQL takes no NUL. */
function cut(text: string): string {
  return text.slice(0, textLengthMax).replaceAll('\0', '');
}
