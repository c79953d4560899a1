import { defineOptions, type OptionValues } from '#config/options';
import { MillraceError, type ErrorKind } from '#std/errors';
import type { RpcCertificate } from './rpc.js';

export const rpcSettingsErrors = {
  incomplete: { code: 'nest.rpc.settings_incomplete', retriable: false },
} satisfies Record<string, ErrorKind>;

/** Of both ends: the administration calls workers, and each shows the other a certificate of one authority. */
export const rpcSettings = defineOptions({
  MILLRACE_RPC_CERT: { type: 'string', doc: 'File in PEM: the certificate for calls between processes.' },
  MILLRACE_RPC_KEY: { type: 'string', doc: 'File in PEM: its key.' },
  MILLRACE_RPC_CA: {
    type: 'string',
    doc: 'File in PEM: the authority that certificates of the other processes have to be of.',
  },
  MILLRACE_RPC_NAME: {
    type: 'string',
    doc: 'Of the administration: the name in the certificates of workers, where they have one together. Default: the host of each address.',
  },
});

/** Null where there are none. Throws `nest.rpc.settings_incomplete` where only some are given. */
export function rpcCertificateOf(settings: OptionValues<typeof rpcSettings>): RpcCertificate | null {
  const { MILLRACE_RPC_CERT: certificatePath, MILLRACE_RPC_KEY: keyPath, MILLRACE_RPC_CA: authorityPath } = settings;
  const serverName = settings.MILLRACE_RPC_NAME;
  if (certificatePath === null && keyPath === null && authorityPath === null) return null;
  if (certificatePath !== null && keyPath !== null && authorityPath !== null) {
    return { certificatePath, keyPath, authorityPath, ...(serverName === null ? {} : { serverName }) };
  }
  throw new MillraceError(
    rpcSettingsErrors.incomplete,
    'Calls between processes need MILLRACE_RPC_CERT, MILLRACE_RPC_KEY and MILLRACE_RPC_CA together, or none of them on loopback.',
  );
}
