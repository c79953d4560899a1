import { request } from '../../api/request.js';
import type { Me } from '../../shell/session.js';

/**
 * Logs in again with what has just been made: the first key of all, which makes everybody log in, or a new secret of whoever has made it. Else
 * the login page would take the place of the key that is shown once.
 */
export async function stayIn(
  me: Me | undefined,
  name: string,
  form: { readonly key: string } | { readonly user: string; readonly password: string },
): Promise<void> {
  if (me?.login_needed === true && me.name !== name) return;
  await request('POST', '/api/v1/session', { body: form });
}
