import type { Migration } from './database.js';

/**
 * Configs are json, not jsonb, which would change the order of their keys. The epoch is a sequence, so that a connector made again
 * under its old name does not fence itself off.
 */
export const controlMigrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE millrace.connector (
        name text PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('sink', 'source')),
        config json NOT NULL,
        target_state text NOT NULL CHECK (target_state IN ('RUNNING', 'PAUSED', 'STOPPED')),
        revision integer NOT NULL,
        tasks_max integer NOT NULL CHECK (tasks_max BETWEEN 1 AND 1000),
        pinned_worker text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE millrace.worker (
        id text NOT NULL,
        kind text NOT NULL,
        session integer NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (id, kind)
      );
      CREATE TABLE millrace.task (
        connector text NOT NULL,
        task integer NOT NULL,
        kind text NOT NULL,
        is_wanted boolean NOT NULL DEFAULT true,
        worker_id text,
        epoch integer NOT NULL DEFAULT 0,
        lease_until timestamptz,
        last_worker_id text,
        restarts integer NOT NULL DEFAULT 0,
        state text NOT NULL DEFAULT 'UNASSIGNED',
        trace text,
        details jsonb NOT NULL DEFAULT '{}',
        reported_at timestamptz,
        PRIMARY KEY (connector, task)
      );
      CREATE INDEX task_worker ON millrace.task (worker_id, kind);
      CREATE SEQUENCE millrace.task_epoch AS integer;
      CREATE SEQUENCE millrace.worker_session AS integer;
    `,
  },
];
