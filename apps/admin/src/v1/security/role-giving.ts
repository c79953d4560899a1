/** What holds of every change of roles: nobody gives more than they have, and somebody stays who may give roles. */
import type { RoleBinding } from '#control/access/access-records';
import { accessErrors, type BindingsCheck, type NewBinding } from '#control/access/access-store';
import { MillraceError } from '#std/errors';
import { guardErrors } from '../../access/access-errors.js';
import type { AccessControl } from '../../access/access-control.js';
import { grantOf, isUnlimitedAdmin, mayGive } from '../../access/grants.js';
import type { Principal } from '../../access/principal.js';
import type { GivenRole } from './security-schemas.js';

type Limits = Parameters<typeof grantOf>[0];

export function bindingOf(principal: string, given: GivenRole): NewBinding {
  return { principal, role: given.role, areas: given.areas, namePrefix: given.name_prefix };
}

/** Throws `access.denied` (403). Also before a password or a key changes hands: whoever knows it has these roles. */
export function requireMayGive(giver: Principal, bindings: readonly Limits[]): void {
  const tooMuch = bindings.find((binding) => {
    const grant = grantOf(binding);
    return grant === null || !mayGive(giver.grants, grant);
  });
  if (tooMuch === undefined) return;
  throw new MillraceError(
    guardErrors.denied,
    `${giver.name} may not give the role ${tooMuch.role} in ${tooMuch.areas.join(', ') || 'all areas'} for ` +
      `${tooMuch.namePrefix === '' ? 'all names' : `names that begin with ${tooMuch.namePrefix}`}: nobody gives more than they have.`,
  );
}

/** Throws `access.last_administrator` (409) where nobody would be left, or the first role would lock everybody out. */
export function keepsAdministrator(access: AccessControl): BindingsCheck {
  return (before, after) => {
    const isAdmin = (binding: RoleBinding): boolean => {
      const grant = grantOf(binding);
      return grant !== null && isUnlimitedAdmin(grant);
    };
    if (access.hasAdminKey || after.some(isAdmin)) return;
    if (after.length === 0 && access.isOpenWithoutRoles) return;
    throw new MillraceError(
      accessErrors.lastAdministrator,
      before.length === 0
        ? 'The first role must be admin, in all areas and for all names: from then on everybody has to log in, and somebody must be able to give roles.'
        : 'This would leave nobody with the role admin in all areas and for all names. Give it to somebody else first.',
    );
  };
}
