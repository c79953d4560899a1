import { MillraceError, type ErrorKind } from '#std/errors';

export const kerberosErrors = {
  /** No KDC could be reached, or it says that it cannot now. */
  away: { code: 'wire.kerberos.away', retriable: true, http: 503 },
  /** The KDC knows the name or the key not, or does not allow what was asked for. */
  denied: { code: 'wire.kerberos.denied', retriable: false, http: 401 },
  /** A keytab, a krb5.conf or a principal that cannot be used. */
  invalid: { code: 'wire.kerberos.invalid', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/** Names principals and realms, never keys. */
export class KerberosError extends MillraceError {
  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(kind, message, options);
    this.name = 'KerberosError';
  }
}

/** Of RFC 4120, 7.5.9: those that people meet, and what to do. */
const replies: Readonly<Record<number, readonly [ErrorKind, string]>> = {
  6: [kerberosErrors.denied, 'the KDC has no such client; is the principal right?'],
  7: [
    kerberosErrors.denied,
    'the KDC has no such service; is the host name of the address the one of the service principal?',
  ],
  12: [kerberosErrors.denied, 'the policy of the KDC forbids it'],
  14: [kerberosErrors.denied, 'the KDC has none of the encryption types of the keytab'],
  18: [kerberosErrors.denied, 'the principal is locked or expired'],
  23: [kerberosErrors.denied, 'the key has expired: a new keytab is needed'],
  24: [kerberosErrors.denied, 'the key is wrong: the keytab is of another or of an older key than the KDC has'],
  25: [kerberosErrors.denied, 'the KDC wants another pre-authentication than a key'],
  29: [kerberosErrors.away, 'the KDC cannot reach its database now'],
  31: [kerberosErrors.denied, 'the key is wrong: what it encrypts cannot be read'],
  32: [kerberosErrors.away, 'the ticket has expired'],
  37: [kerberosErrors.away, 'the clocks of this machine and of the KDC differ too much'],
  60: [kerberosErrors.away, 'the KDC failed in a way that it does not name'],
  68: [kerberosErrors.denied, 'the KDC is of another realm'],
};

/** What a KRB-ERROR means. `text` is the KDC's own. */
export function replyError(what: string, code: number, text: string | null): KerberosError {
  const [kind, meaning] = replies[code] ?? [kerberosErrors.denied, 'see RFC 4120, section 7.5.9'];
  const own = text === null || text === '' ? '' : `, "${text}"`;
  return new KerberosError(kind, `${what} was refused: ${meaning} (error ${code}${own}).`);
}
