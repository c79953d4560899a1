import type { Migration } from '#control/database';

export const catalogMigrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE millrace.topic (
        id text PRIMARY KEY,
        name text COLLATE "C" NOT NULL UNIQUE,
        partitions integer NOT NULL CHECK (partitions > 0),
        configs jsonb NOT NULL,
        is_internal boolean NOT NULL
      );
      CREATE TABLE millrace.cluster (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        id text NOT NULL
      );
    `,
  },
  {
    number: 2,
    sql: `
      CREATE TABLE millrace.cluster_record (
        kind text NOT NULL,
        key text COLLATE "C" NOT NULL,
        value text NOT NULL,
        PRIMARY KEY (kind, key)
      );
    `,
  },
  {
    number: 3,
    sql: `ALTER TABLE millrace.topic ADD COLUMN leaders jsonb;`,
  },
];
