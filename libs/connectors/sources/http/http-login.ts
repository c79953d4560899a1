import { defineOptions } from '#config/options';
import { sameSecret } from '#security/constant-time';

/** Who may send; not in Flume. */
export const httpLoginOptions = defineOptions({
  basicUser: {
    type: 'string',
    group: 'Login',
    doc: 'User name that requests have to give (HTTP Basic). Not in Flume.',
  },
  basicPassword: { type: 'password', group: 'Login', doc: 'Its password.' },
  bearerToken: {
    type: 'password',
    group: 'Login',
    doc: 'Token that requests have to give (`Authorization: Bearer …`); with `basicUser` one of the two will do. Not in Flume.',
  },
});

export interface HttpLogin {
  readonly basicUser: string | null;
  readonly basicPassword: string | null;
  readonly bearerToken: string | null;
}

/** Whether senders have to say who they are. */
export function asksWho({ basicUser, bearerToken }: HttpLogin): boolean {
  return basicUser !== null || bearerToken !== null;
}

/** @param authorization the header of a request. */
export function isAllowed(login: HttpLogin, authorization: string | undefined): boolean {
  if (!asksWho(login)) return true;
  const [, scheme = '', given = ''] = /^(\w+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic': {
      const expected = `${login.basicUser ?? ''}:${login.basicPassword ?? ''}`;
      return login.basicUser !== null && sameSecret(Buffer.from(given, 'base64').toString('utf8'), expected);
    }
    case 'bearer':
      return login.bearerToken !== null && sameSecret(given, login.bearerToken);
    default:
      return false;
  }
}
