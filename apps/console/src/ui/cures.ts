import { ApiError } from '../api/request.js';

/** What to do about a refusal, by its code or else by its status. Pages may say it better where they know more. */
const byCode: Readonly<Record<string, string>> = {
  'access.login.refused':
    'Look at the name, the password and the Caps Lock key. An administrator can set a new password under Access.',
  'access.login.too_many': 'Wrong logins from your address are slowed down; the right one works again after that time.',
  away: 'See that the process runs: `npx millrace status`.',
  'control.database.away': 'PostgreSQL does not answer: see that it runs. What is running goes on; changes wait.',
};
const byStatus: Readonly<Record<number, string>> = {
  401: 'Log in again.',
  403: 'Ask an administrator for a role that may do this; Access shows what yours may.',
  404: 'It may have been deleted meanwhile: go back to the list.',
  409: 'Somebody changed it meanwhile: load it again and look at the difference.',
  412: 'Somebody changed it meanwhile: load it again and look at the difference.',
  429: 'Wait a moment: too many requests came from you.',
  503: 'A part is away or busy: try again, or run `npx millrace doctor`.',
};

export function cureOf(error: unknown): string | null {
  if (!(error instanceof ApiError)) return null;
  return byCode[error.code] ?? byStatus[error.status] ?? null;
}
