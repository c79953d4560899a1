/** The TLS block of sinks that connect to a store, by the names that Kafka's clients have for it (KIP-651 for PEM). */
import { defineOptions, type OptionSpec } from '#config/options';
import { enabledProtocols } from '../../tls/tls-selection.js';

const storeTypes = ['JKS', 'PKCS12', 'PEM'] as const;
const group = 'TLS';

const options = defineOptions({
  'ssl.truststore.location': {
    type: 'string',
    importance: 'high',
    group,
    doc: 'File with the certificates that the server’s must lead to: JKS, PKCS12 or PEM. Absent: the public authorities known to Node.',
  },
  'ssl.truststore.password': {
    type: 'password',
    importance: 'high',
    group,
    doc: 'Password of that file. A JKS file is read without one too, unchecked.',
  },
  'ssl.truststore.type': {
    type: 'string',
    values: storeTypes,
    importance: 'low',
    group,
    doc: '`JKS`, `PKCS12` or `PEM`; what the file really is counts.',
  },
  'ssl.truststore.certificates': {
    type: 'password',
    importance: 'medium',
    group,
    doc: 'Those certificates themselves, in PEM, instead of a file.',
  },
  'ssl.keystore.location': {
    type: 'string',
    importance: 'high',
    group,
    doc: 'File with the key and certificate that this side shows (mutual TLS): JKS, PKCS12, or PEM with both. Absent: it shows none.',
  },
  'ssl.keystore.password': { type: 'password', importance: 'high', group, doc: 'Password of that file.' },
  'ssl.keystore.type': {
    type: 'string',
    values: storeTypes,
    importance: 'low',
    group,
    doc: '`JKS`, `PKCS12` or `PEM`; what the file really is counts.',
  },
  'ssl.keystore.certificate.chain': {
    type: 'password',
    importance: 'medium',
    group,
    doc: 'The certificate and those it leads to, in PEM, instead of a file. Goes with `ssl.keystore.key`.',
  },
  'ssl.keystore.key': {
    type: 'password',
    importance: 'medium',
    group,
    doc: 'The private key in PEM (PKCS #8), instead of a file.',
  },
  'ssl.key.password': {
    type: 'password',
    importance: 'medium',
    group,
    doc: 'Password of the key, where it is another than the key store’s, or the key is encrypted PEM.',
  },
  'ssl.endpoint.identification.algorithm': {
    type: 'string',
    default: 'https',
    values: ['https', ''],
    importance: 'low',
    group,
    doc: '`https`: the certificate has to name the host that is connected to. Empty: it need not, which lets anybody with a certificate of the same authority stand in for it.',
  },
  'ssl.enabled.protocols': {
    type: 'list',
    default: ['TLSv1.2', 'TLSv1.3'],
    importance: 'low',
    group,
    check: (include: readonly string[]) => {
      try {
        return enabledProtocols({ include, exclude: [] }).length > 0 ? null : 'must name one';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    doc: 'Protocol versions that may be used. `TLSv1` and `TLSv1.1` work where they are named.',
  },
  'ssl.cipher.suites': {
    type: 'list',
    default: [],
    importance: 'low',
    group,
    doc: 'Cipher suites that may be used, by Java’s names or OpenSSL’s. Empty: those that are deemed safe.',
  },
} as const satisfies Record<string, OptionSpec>);

/** The names without a prefix. */
export const clientTlsOptionNames: readonly string[] = Object.keys(options);

type Prefixed<Prefix extends string> = {
  readonly [Name in keyof typeof options as `${Prefix}${Name}`]: (typeof options)[Name];
};

/**
 * To be spread into a sink's options: `...clientTlsOptions()`, or `...clientTlsOptions('elastic.https.')` where a well-known connector has a
 * prefix. Give the sink's options to `clientTls` and `clientTlsProblems` with the same prefix.
 */
export function clientTlsOptions<const Prefix extends string = ''>(prefix?: Prefix): Prefixed<Prefix> {
  const named = Object.entries(options).map(([name, spec]) => [
    `${prefix ?? ''}${name}`,
    { ...spec, doc: prefix === undefined ? spec.doc : spec.doc.replaceAll('`ssl.', `\`${prefix}ssl.`) },
  ]);
  return Object.fromEntries(named) as Prefixed<Prefix>;
}
