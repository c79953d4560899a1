import type { Migration } from '../database.js';

/** The audit is only added to, which the database itself sees to: also for whoever has the password of the product. */
export const accessMigrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE millrace.api_key (
        id text PRIMARY KEY,
        name text NOT NULL UNIQUE,
        secret_hash text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        rotated_at timestamptz,
        revision integer NOT NULL DEFAULT 1
      );
      CREATE TABLE millrace.access_user (
        name text PRIMARY KEY,
        salt text NOT NULL,
        stored_key text NOT NULL,
        iterations integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE millrace.role_binding (
        id text PRIMARY KEY,
        principal text NOT NULL,
        role text NOT NULL,
        areas text[] NOT NULL DEFAULT '{}',
        name_prefix text NOT NULL DEFAULT '',
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (principal, role, areas, name_prefix)
      );
      CREATE TABLE millrace.access_read_only (
        is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
        read_only boolean NOT NULL,
        reason text NOT NULL,
        changed_by text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE millrace.audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        principal text NOT NULL,
        ip text NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        areas text[] NOT NULL,
        level text NOT NULL,
        name text,
        status integer NOT NULL,
        fields text[] NOT NULL,
        revision_before text,
        revision_after text
      );
      CREATE INDEX audit_at ON millrace.audit (at);
      CREATE FUNCTION millrace.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'The audit is only added to: % is refused.', TG_OP;
        END
      $$;
      CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON millrace.audit
        FOR EACH STATEMENT EXECUTE FUNCTION millrace.refuse_audit_change();
    `,
  },
  {
    number: 2,
    sql: `
      CREATE TABLE millrace.access_session (
        token_hash text PRIMARY KEY,
        principal text NOT NULL,
        is_root boolean NOT NULL,
        proof text NOT NULL,
        ip text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX access_session_principal ON millrace.access_session (principal, expires_at);
      CREATE INDEX access_session_expires ON millrace.access_session (expires_at);
    `,
  },
];
