/** What roles allow. */
import { areas, levels, type Area, type Level, type Requirement } from './requires.js';

export const roleNames = ['viewer', 'operator', 'editor', 'admin'] as const;
export type RoleName = (typeof roleNames)[number];

export interface Role {
  readonly name: RoleName;
  readonly level: Level;
  readonly description: string;
}

export const roles: readonly Role[] = [
  { name: 'viewer', level: 'read', description: 'Looks.' },
  {
    name: 'operator',
    level: 'operate',
    description: 'Looks, pauses, resumes, restarts, moves positions, runs jobs and redrives dead letters.',
  },
  { name: 'editor', level: 'edit', description: 'All that an operator does; creates, changes and deletes.' },
  {
    name: 'admin',
    level: 'administer',
    description: 'All that an editor does; gives and takes users, keys, roles and ACLs.',
  },
];

export interface Grant {
  readonly level: Level;
  /** Empty: all. */
  readonly areas: readonly Area[];
  /** Empty: all names, and what has none. */
  readonly namePrefix: string;
}

export const allGrants: readonly Grant[] = [{ level: 'administer', areas: [], namePrefix: '' }];

/** Null for what this version does not know, which then allows nothing. */
export function grantOf(binding: {
  readonly role: string;
  readonly areas: readonly string[];
  readonly namePrefix: string;
}): Grant | null {
  const role = roles.find(({ name }) => name === binding.role);
  const known = areas.filter((area) => binding.areas.includes(area));
  if (role === undefined || known.length < binding.areas.length) return null;
  return { level: role.level, areas: known, namePrefix: binding.namePrefix };
}

/** `name` is null where nothing that has a name is touched, or its name is not known: then only a grant without a prefix will do. */
export function allows(grants: readonly Grant[], requirement: Requirement, name: string | null): boolean {
  return requirement.areas.every((area) =>
    grants.some(
      (grant) =>
        isLevel(grant.level, requirement.level) &&
        (grant.areas.length === 0 || grant.areas.includes(area)) &&
        (grant.namePrefix === '' ||
          requirement.isFiltered === true ||
          (name !== null && name.startsWith(grant.namePrefix))),
    ),
  );
}

/** Whether somebody with these grants may give that one: nobody gives more than they have. */
export function mayGive(grants: readonly Grant[], given: Grant): boolean {
  const wanted = given.areas.length === 0 ? areas : given.areas;
  return wanted.every((area) =>
    grants.some(
      (grant) =>
        isLevel(grant.level, given.level) &&
        (grant.areas.length === 0 || grant.areas.includes(area)) &&
        given.namePrefix.startsWith(grant.namePrefix),
    ),
  );
}

export function isUnlimitedAdmin(grant: Grant): boolean {
  return grant.level === 'administer' && grant.areas.length === 0 && grant.namePrefix === '';
}

function isLevel(has: Level, needed: Level): boolean {
  return levels.indexOf(has) >= levels.indexOf(needed);
}
