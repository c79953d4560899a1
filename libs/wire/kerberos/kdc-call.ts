/** A request to a KDC over TCP: four bytes of length, then the message (RFC 4120, 7.2.2). */
import { resolveSrv } from 'node:dns/promises';
import { connect } from 'node:net';
import { messageOf } from '#std/errors';
import { KerberosError, kerberosErrors } from './kerberos-errors.js';
import type { Krb5Conf } from './krb5-conf.js';

const answerBytesMax = 1024 * 1024;

/** Asks one KDC of the realm after the other. Throws `away` where none answers, `invalid` where none is known. */
export async function callKdc(conf: Krb5Conf, realm: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
  const kdcs = conf.kdcs.get(realm) ?? (await kdcsByName(realm));
  if (kdcs.length === 0) {
    throw new KerberosError(
      kerberosErrors.invalid,
      `krb5.conf names no kdc of the realm ${realm}, and there is no DNS record _kerberos._tcp.${realm}.`,
    );
  }
  const failures: string[] = [];
  for (const kdc of kdcs) {
    try {
      return await ask(kdc, request, timeoutMs);
    } catch (error) {
      failures.push(`${kdc}: ${messageOf(error)}`);
    }
  }
  throw new KerberosError(kerberosErrors.away, `No KDC of ${realm} answered: ${failures.join('; ')}.`);
}

async function kdcsByName(realm: string): Promise<readonly string[]> {
  const records = await resolveSrv(`_kerberos._tcp.${realm}`).catch(() => []);
  return records.toSorted((left, right) => left.priority - right.priority).map(({ name, port }) => `${name}:${port}`);
}

function ask(kdc: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
  const at = kdc.lastIndexOf(':');
  const host = kdc.slice(0, at).replaceAll(/[[\]]/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(kdc.slice(at + 1)) });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.once('connect', () => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(request.length);
      socket.write(Buffer.concat([length, request]));
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < 4) return;
      const answer = Buffer.concat(chunks);
      const length = answer.readUInt32BE();
      if (length > answerBytesMax) socket.destroy(new Error(`its answer of ${length} bytes is over ${answerBytesMax}`));
      else if (answer.length >= 4 + length) {
        resolve(answer.subarray(4, 4 + length));
        socket.destroy();
      }
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('it closed the connection'));
    });
  });
}
