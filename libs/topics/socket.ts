/** Sockets to nodes, with TLS or without, and why one did not come about. */
import * as net from 'node:net';
import * as tls from 'node:tls';
import { systemCode } from '#std/errors';
import type { ClientTls } from '#topics/client-security';
import { TopicsError, topicsErrors } from '#topics/errors';

/** The event after which bytes may go. */
export function readyEvent(security: ClientTls | null): 'connect' | 'secureConnect' {
  return security === null ? 'connect' : 'secureConnect';
}

export function openSocket(host: string, port: number, security: ClientTls | null): net.Socket {
  if (security === null) return net.connect({ host, port, noDelay: true, keepAlive: true });
  const socket = tls.connect({
    host,
    port,
    secureContext: security.context,
    // An address may not be asked for by name (RFC 6066), but is looked for in the certificate all the same.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...(security.checkHost ? {} : { checkServerIdentity: () => undefined }),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

const certificateCode = /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|HOSTNAME_|ERR_TLS_)/;
const protocolCode = /^(?:ERR_SSL_|ERR_OSSL_|EPROTO$)/;

/** The error of a TLS handshake that would fail each time, as Kafka's SslAuthenticationException; null for all others. */
export function tlsError(address: string, error: Error): TopicsError | null {
  const code = systemCode(error) ?? '';
  if (certificateCode.test(code)) {
    const advice =
      code === 'ERR_TLS_CERT_ALTNAME_INVALID'
        ? 'Connect by a name that is in it, or set ssl.endpoint.identification.algorithm= (empty)'
        : 'Check ssl.truststore.location: the certificate of the authority that signed it must be in there';
    return new TopicsError(
      topicsErrors.tlsFailed,
      `The certificate of ${address} is not trusted (${code}: ${error.message}). ${advice}.`,
    );
  }
  if (!protocolCode.test(code)) return null;
  return new TopicsError(
    topicsErrors.tlsFailed,
    `TLS with ${address} failed (${code}). Check that the listener has TLS (security.protocol), and whether it asks for a ` +
      'certificate of the client (ssl.keystore.location) that it trusts.',
  );
}
