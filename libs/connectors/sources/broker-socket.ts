import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { OptionValues } from '#config/options';
import { MillraceError, messageOf } from '#std/errors';
import { clientTls, type ClientTlsValues } from '../tls/component-tls.js';
import type { clientTlsOptions } from '../tls/tls-options.js';
import { brokerErrors, type BrokerPlace } from './broker-options.js';

/** How long a broker may take to answer while a connection is made, ms. */
export const connectMsMax = 10_000;

/** TLS where the address or `ssl` asks for it. Reads the trust store. */
export function tlsOf(place: BrokerPlace, values: OptionValues<typeof clientTlsOptions>): ConnectionOptions | null {
  const wanted: ClientTlsValues = { ...values, ssl: values.ssl || place.isSecure };
  return clientTls(wanted);
}

/** Aborts when `signal` does or the broker has not answered in time. */
export function connectDeadline(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(connectMsMax)]);
}

/** Rejects with `connectors.broker.refused`. Whoever gets the socket watches it from then on. */
export function openBrokerSocket(
  place: BrokerPlace,
  tls: ConnectionOptions | null,
  deadline: AbortSignal,
): Promise<Socket> {
  const { host, port } = place;
  return new Promise((resolve, reject) => {
    const socket = tls === null ? connectPlain({ host, port }) : connectTls({ host, port, ...tls });
    const fail = (error: unknown): void => {
      deadline.removeEventListener('abort', late);
      socket.destroy();
      reject(unreachable(place, error));
    };
    const late = (): void => fail(new Error('no answer in time'));
    deadline.addEventListener('abort', late, { once: true });
    socket.once('error', fail);
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      deadline.removeEventListener('abort', late);
      socket.off('error', fail);
      socket.on('error', () => undefined);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

export function unreachable({ host, port }: BrokerPlace, error: unknown): MillraceError {
  return new MillraceError(brokerErrors.refused, `Cannot connect to ${host}:${port}: ${messageOf(error)}`, {
    cause: error,
  });
}
