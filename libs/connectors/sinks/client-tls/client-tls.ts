/** Node's TLS options of a sink's TLS block. Files are read when the functions are called. */
import type { ConnectionOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { parseOptions, requireOptions, type OptionProblem, type OptionValues } from '#config/options';
import { readKeyStore, readTrustStore, type KeyMaterial } from '#net/key-store';
import { messageOf, MillraceError } from '#std/errors';
import { selectionOptionsOf } from '../../tls/tls-selection.js';
import { readCertificates, readKeys, tlsErrors } from '../../tls/tls-stores.js';
import { clientTlsOptionNames, clientTlsOptions } from './client-tls-options.js';

type Options = Readonly<Record<string, string>>;
type Values = OptionValues<ReturnType<typeof clientTlsOptions<''>>>;

const specs = clientTlsOptions('');

/** For `tls.connect` and `https.request`. Throws `connectors.tls.unusable` or `net.tls.key_store`, or `config.option.invalid`. */
export function clientTls(options: Options, prefix = ''): ConnectionOptions {
  const values = requireOptions('The TLS settings', specs, withoutPrefix(options, prefix));
  const ca = trusted(values);
  const settings: ConnectionOptions = {
    ...selectionOf(values),
    ...shownKeys(values),
    ...(ca === null ? {} : { ca }),
    rejectUnauthorized: true,
    ...(values['ssl.endpoint.identification.algorithm'] === 'https' ? {} : { checkServerIdentity: () => undefined }),
  };
  try {
    createSecureContext(settings);
  } catch (error) {
    throw new MillraceError(
      tlsErrors.unusable,
      `${prefix}ssl.*: the key, its certificate, its password or a cipher suite cannot be used: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return settings;
}

/** Files that are missing or damaged, wrong passwords, halves of pairs; each under the option that it comes from. */
export function clientTlsProblems(options: Options, prefix = ''): readonly OptionProblem[] {
  const plain = withoutPrefix(options, prefix);
  const { values, problems } = parseOptions(specs, plain);
  // What is wrong with one option by itself is told where the sink's options are read.
  if (problems.length > 0) return [];
  const found: OptionProblem[] = [];
  const attempt = (name: string, work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      const isSecret = specs[name as keyof typeof specs].type === 'password';
      found.push({ name: prefix + name, value: isSecret ? null : (plain[name] ?? null), message: messageOf(error) });
    }
  };
  attempt(
    values['ssl.truststore.certificates'] === null ? 'ssl.truststore.location' : 'ssl.truststore.certificates',
    () => trusted(values),
  );
  attempt(values['ssl.keystore.location'] === null ? 'ssl.keystore.key' : 'ssl.keystore.location', () =>
    createSecureContext(shownKeys(values)),
  );
  attempt('ssl.cipher.suites', () => selectionOf(values));
  if (found.length === 0) attempt('ssl.keystore.location', () => clientTls(options, prefix));
  return found;
}

/** Whether the options say anything of TLS: for sinks whose address does not (`host:port`). */
export function namesClientTls(options: Options, prefix = ''): boolean {
  return clientTlsOptionNames.some((name) => options[prefix + name] !== undefined);
}

function trusted(values: Values): string[] | null {
  const certificates = values['ssl.truststore.certificates'];
  const path = values['ssl.truststore.location'];
  const password = values['ssl.truststore.password'];
  if (certificates !== null) return readTrustStore({ certificates, type: 'PEM', location: null, password });
  return path === null ? null : readCertificates({ path, password });
}

function shownKeys(values: Values): KeyMaterial {
  const path = values['ssl.keystore.location'];
  const password = values['ssl.keystore.password'];
  const keyPassword = values['ssl.key.password'];
  const certificateChain = values['ssl.keystore.certificate.chain'];
  const key = values['ssl.keystore.key'];
  if (certificateChain !== null || key !== null) {
    return readKeyStore({ certificateChain, key, keyPassword, type: 'PEM', location: null, password });
  }
  return path === null ? {} : readKeys({ path, password, keyPassword });
}

function selectionOf(values: Values) {
  return selectionOptionsOf(
    { include: values['ssl.enabled.protocols'], exclude: [] },
    { include: values['ssl.cipher.suites'], exclude: [] },
  );
}

function withoutPrefix(options: Options, prefix: string): Record<string, string> {
  return Object.fromEntries(
    clientTlsOptionNames.flatMap((name) => {
      const value = options[prefix + name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
