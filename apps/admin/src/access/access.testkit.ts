import type { AccessSnapshot } from '#control/access/access-records';

/** As a new installation has it. */
export const nobodySaid: AccessSnapshot = {
  keys: [],
  users: [],
  bindings: [],
  readOnly: { readOnly: false, reason: '', changedBy: '', changedAt: null },
};
