/** The first token of a Negotiate login (RFC 4178, 4559) with Kerberos (RFC 4121) as the only mechanism. */
import { applicationTag, contextTag, derFields, derList, derOctets, derValueOf, tag } from './der-writer.js';

const kerberosOid = derValueOf(tag.oid, Buffer.from('2a864886f712010202', 'hex'));
const spnegoOid = derValueOf(tag.oid, Buffer.from('2b0601050502', 'hex'));
const apRequestToken = Buffer.from([1, 0]);

/** The checksum of an authenticator for GSS-API (RFC 4121, 4.1.1): no channel bindings, no flags; no answer is asked for. */
export const gssChecksum = {
  type: 0x8003,
  bytes: Buffer.concat([Buffer.from([16, 0, 0, 0]), Buffer.alloc(16), Buffer.alloc(4)]),
} as const;

export function spnegoToken(apRequest: Buffer): Buffer {
  const kerberosToken = derValueOf(applicationTag, kerberosOid, apRequestToken, apRequest);
  const init = derFields({ 0: derList([kerberosOid]), 2: derOctets(kerberosToken) });
  return derValueOf(applicationTag, spnegoOid, derValueOf(contextTag, init));
}
