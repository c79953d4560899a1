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
  {
    // `label_revisions` counts the revisions that no task has to restart for.
    number: 2,
    sql: `
      ALTER TABLE millrace.connector
        ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN label_revisions integer NOT NULL DEFAULT 0,
        ADD COLUMN updated_by text NOT NULL DEFAULT '';
      CREATE TABLE millrace.connector_revision (
        connector text NOT NULL,
        revision integer NOT NULL,
        kind text NOT NULL,
        config json NOT NULL,
        labels jsonb NOT NULL,
        tasks_max integer NOT NULL,
        pinned_worker text,
        action text NOT NULL,
        changed_by text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (connector, revision)
      );
      INSERT INTO millrace.connector_revision
        (connector, revision, kind, config, labels, tasks_max, pinned_worker, action, changed_by, changed_at)
      SELECT name, revision, kind, config, '{}', tasks_max, pinned_worker, 'changed', '', updated_at
      FROM millrace.connector;
    `,
  },
  {
    // Out of the config, so that whatever writes it can not forget the labels.
    number: 3,
    sql: `
      ALTER TABLE millrace.worker ADD COLUMN labels text[] NOT NULL DEFAULT '{}';
      ALTER TABLE millrace.connector ADD COLUMN worker_labels text[] NOT NULL GENERATED ALWAYS AS (
        array_remove(string_to_array(translate(coalesce(config ->> 'worker.labels', ''), E' \\t\\n\\r', ',,,,'), ','), '')
      ) STORED;
    `,
  },
  {
    number: 4,
    sql: `
      ALTER TABLE millrace.worker ADD COLUMN address text, ADD COLUMN is_drained boolean NOT NULL DEFAULT false;
    `,
  },
  {
    // What lists show of `details`, which is large and kept compressed: taking it out of there for 10,000 tasks takes half a second.
    number: 5,
    sql: "ALTER TABLE millrace.task ADD COLUMN brief jsonb NOT NULL DEFAULT '{}'",
  },
];
