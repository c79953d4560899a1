import type { Request } from 'express';
import { allGrants, allows, type Grant } from './grants.js';
import type { Area } from './requires.js';

/** Who asks. */
export interface Principal {
  /** `User:alice`, `ApiKey:ci`; what audit and jobs show. */
  readonly name: string;
  readonly grants: readonly Grant[];
}

/** Everybody, where nobody has to log in. */
export const anonymous: Principal = { name: 'User:ANONYMOUS', grants: allGrants };

const principals = new WeakMap<Request, Principal>();

export function setPrincipal(request: Request, principal: Principal): void {
  principals.set(request, principal);
}

/** `anonymous` where nobody has to log in. */
export function principalOf(request: Request): Principal {
  return principals.get(request) ?? anonymous;
}

/** Whether the caller sees what is called so; for lists that are marked `RequiresForEach`. */
export function mayRead(request: Request, area: Area, name: string): boolean {
  return allows(principalOf(request).grants, { areas: [area], level: 'read' }, name);
}
