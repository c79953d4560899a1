/**
 * Node's TLS options of a component's TLS block (`serverTlsOptions`, `clientTlsOptions` spread into its options). What the component
 * leaves out comes from `tlsGlobals`. Files are read when the functions are called, which is at a component's start.
 */
import type { ConnectionOptions } from 'node:tls';
import type { OptionValues } from '#config/options';
import type { KeyMaterial } from '#net/key-store';
import type { ComponentRemark } from '#pipeline/collector';
import { MillraceError, messageOf } from '#std/errors';
import { tlsGlobals, type TlsGlobals } from './tls-globals.js';
import type { clientTlsOptions, serverTlsOptions } from './tls-options.js';
import { selectionOptionsOf, type SelectionResult } from './tls-selection.js';
import { readCertificates, readKeys, tlsErrors } from './tls-stores.js';

export type ServerTlsValues = OptionValues<typeof serverTlsOptions>;
export type ClientTlsValues = OptionValues<typeof clientTlsOptions>;

export type ServerTls = KeyMaterial & SelectionResult;

/** For `tls.createServer`, `https.createServer` and `new TLSSocket`; null without `ssl`. Throws `connectors.tls.unusable`. */
export function serverTls(values: ServerTlsValues, globals: TlsGlobals = tlsGlobals()): ServerTls | null {
  if (!values.ssl) return null;
  const path = values.keystore ?? globals.keyStore.path;
  if (path === null) throw new MillraceError(tlsErrors.unusable, `${missingKeyStore}.`);
  const password = values['keystore-password'] ?? globals.keyStore.password;
  return { ...readKeys({ path, password }), ...selection(values, globals) };
}

/** For `tls.connect` and `https.request`; null without `ssl`. Throws `connectors.tls.unusable`. */
export function clientTls(values: ClientTlsValues, globals: TlsGlobals = tlsGlobals()): ConnectionOptions | null {
  if (!values.ssl) return null;
  const selected = selection(values, globals);
  if (values['trust-all-certs']) return { ...selected, rejectUnauthorized: false };
  const path = values.truststore ?? globals.trustStore.path;
  const password = values['truststore-password'] ?? globals.trustStore.password;
  const verifies = values['verify-hostname'] ?? path === null;
  return {
    ...selected,
    rejectUnauthorized: true,
    ...(path === null ? {} : { ca: readCertificates({ path, password }) }),
    ...(verifies ? {} : { checkServerIdentity: () => undefined }),
  };
}

const missingKeyStore =
  'ssl = true needs a key store: set keystore and keystore-password, or FLUME_SSL_KEYSTORE_PATH and _PASSWORD';

/**
 * For a component's `check`: what of its TLS block only shows when it is looked at as a whole. A file that cannot be used is a warning: the
 * component may be meant for another machine, or the file may come before it starts.
 */
export function serverTlsRemarks(values: ServerTlsValues, globals: TlsGlobals = tlsGlobals()): ComponentRemark[] {
  if (!values.ssl) return [];
  const remarks = selectionRemarks(values, globals);
  if (values.keystore === null && globals.keyStore.path === null) {
    remarks.push({ severity: 'error', option: 'ssl', message: missingKeyStore });
  }
  if (remarks.length === 0) remarks.push(...storeRemarks('keystore', () => serverTls(values, globals)));
  return remarks;
}

export function clientTlsRemarks(values: ClientTlsValues, globals: TlsGlobals = tlsGlobals()): ComponentRemark[] {
  if (!values.ssl) return [];
  const remarks = selectionRemarks(values, globals);
  if (values['trust-all-certs'] && values.truststore !== null) {
    const message = 'trust-all-certs = true takes any certificate, so that truststore has no effect';
    remarks.push({ severity: 'warning', option: 'trust-all-certs', message });
  }
  if (remarks.length === 0) remarks.push(...storeRemarks('truststore', () => clientTls(values, globals)));
  return remarks;
}

function storeRemarks(option: string, read: () => unknown): ComponentRemark[] {
  try {
    read();
    return [];
  } catch (error) {
    return [{ severity: 'warning', option, message: messageOf(error) }];
  }
}

type SelectionValues = Pick<
  ServerTlsValues,
  'include-protocols' | 'exclude-protocols' | 'include-cipher-suites' | 'exclude-cipher-suites'
>;

function selection(values: SelectionValues, globals: TlsGlobals): SelectionResult {
  const own = (list: readonly string[], fallback: readonly string[]): readonly string[] =>
    list.length > 0 ? list : fallback;
  try {
    return selectionOptionsOf(
      {
        include: own(values['include-protocols'], globals.includeProtocols),
        exclude: own(values['exclude-protocols'], globals.excludeProtocols),
      },
      {
        include: own(values['include-cipher-suites'], globals.includeCipherSuites),
        exclude: own(values['exclude-cipher-suites'], globals.excludeCipherSuites),
      },
    );
  } catch (error) {
    throw new MillraceError(tlsErrors.unusable, `TLS cannot be used: ${messageOf(error)}.`, { cause: error });
  }
}

function selectionRemarks(values: SelectionValues, globals: TlsGlobals): ComponentRemark[] {
  try {
    selection(values, globals);
    return [];
  } catch (error) {
    return [{ severity: 'error', option: 'ssl', message: messageOf(error) }];
  }
}
