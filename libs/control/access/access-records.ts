/** Who may log in to the administration, what they may do there, and what they did. */
import { EntitySchema } from 'typeorm';

/** A secret is 32 random bytes, so a plain hash of it is enough: there is nothing to guess from a dictionary. */
export interface ApiKey {
  /** Part of the key that is shown: `mk` and 16 hexadecimal digits. */
  readonly id: string;
  /** Unique; roles are bound to `ApiKey:name`. */
  readonly name: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly secretHash: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** Null: it holds until it is deleted. */
  readonly expiresAt: Date | null;
  readonly rotatedAt: Date | null;
  readonly revision: number;
}

/** What is kept of a user's password: the verifier of SCRAM-SHA-256, base64. */
export interface AccessUser {
  readonly name: string;
  readonly salt: string;
  readonly storedKey: string;
  readonly iterations: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One role for one principal, in some areas and for names with a prefix. */
export interface RoleBinding {
  readonly id: string;
  /** `User:alice`, `ApiKey:ci`, `Group:operators`. */
  readonly principal: string;
  readonly role: string;
  /** Empty: all. */
  readonly areas: readonly string[];
  /** Empty: all names, and what has none. */
  readonly namePrefix: string;
  readonly createdBy: string;
  readonly createdAt: Date;
}

export interface ReadOnly {
  readonly readOnly: boolean;
  readonly reason: string;
  readonly changedBy: string;
  readonly changedAt: Date | null;
}

/** All that decides about requests. */
export interface AccessSnapshot {
  readonly keys: readonly ApiKey[];
  readonly users: readonly AccessUser[];
  readonly bindings: readonly RoleBinding[];
  readonly readOnly: ReadOnly;
}

export const apiKeyEntity = new EntitySchema<ApiKey>({
  name: 'api_key',
  tableName: 'api_key',
  schema: 'millrace',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    secretHash: { type: 'text', name: 'secret_hash' },
    createdBy: { type: 'text', name: 'created_by' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    expiresAt: { type: 'timestamptz', name: 'expires_at', nullable: true },
    rotatedAt: { type: 'timestamptz', name: 'rotated_at', nullable: true },
    revision: { type: 'integer' },
  },
});

export const accessUserEntity = new EntitySchema<AccessUser>({
  name: 'access_user',
  tableName: 'access_user',
  schema: 'millrace',
  columns: {
    name: { type: 'text', primary: true },
    salt: { type: 'text' },
    storedKey: { type: 'text', name: 'stored_key' },
    iterations: { type: 'integer' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    updatedAt: { type: 'timestamptz', name: 'updated_at' },
  },
});

export const roleBindingEntity = new EntitySchema<RoleBinding>({
  name: 'role_binding',
  tableName: 'role_binding',
  schema: 'millrace',
  columns: {
    id: { type: 'text', primary: true },
    principal: { type: 'text' },
    role: { type: 'text' },
    areas: { type: 'text', array: true },
    namePrefix: { type: 'text', name: 'name_prefix' },
    createdBy: { type: 'text', name: 'created_by' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
  },
});
