/** The TLS block of Flume's components, to be spread into the options of those that listen and those that connect. */
import { defineOptions, type OptionSpec } from '#config/options';
import { enabledCiphers, enabledProtocols } from './tls-selection.js';

const group = 'TLS';

const storeTypes = ['JKS', 'PKCS12', 'PEM'] as const;

const checked =
  (find: (names: readonly string[]) => unknown) =>
  (names: readonly string[]): string | null => {
    try {
      find(names);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

const selectionOptions = defineOptions({
  'include-protocols': {
    type: 'list',
    default: [],
    group,
    check: checked((include) => enabledProtocols({ include, exclude: [] })),
    doc: 'Protocol versions that may be used: `TLSv1.2`, `TLSv1.3`. Empty: these two, or FLUME_SSL_INCLUDE_PROTOCOLS. `TLSv1` and `TLSv1.1` work where they are named.',
  },
  'exclude-protocols': {
    type: 'list',
    default: [],
    group,
    doc: 'Protocol versions that may not be used. `SSLv3` and older never are. Empty: FLUME_SSL_EXCLUDE_PROTOCOLS.',
  },
  'include-cipher-suites': {
    type: 'list',
    default: [],
    group,
    check: checked((include) => enabledCiphers({ include, exclude: [] })),
    doc: 'Cipher suites that may be used, by Java’s names or OpenSSL’s. Empty: those that are deemed safe, or FLUME_SSL_INCLUDE_CIPHERSUITES. Those that are not known here are left out.',
  },
  'exclude-cipher-suites': {
    type: 'list',
    default: [],
    group,
    doc: 'Cipher suites that may not be used. Empty: FLUME_SSL_EXCLUDE_CIPHERSUITES.',
  },
});

/** For components that listen: `ssl`, the key store, and which protocols and ciphers. Give the values to `serverTls`. */
export const serverTlsOptions = defineOptions({
  ssl: { type: 'boolean', default: false, group, doc: 'Peers have to use TLS.' },
  keystore: {
    type: 'string',
    group,
    doc: 'File with the key and its certificates: JKS, PKCS12, or PEM (key and certificates in one file). Absent: the system property javax.net.ssl.keyStore (in JAVA_OPTS), then FLUME_SSL_KEYSTORE_PATH.',
  },
  'keystore-password': {
    type: 'password',
    group,
    doc: 'Password of that file and of the key in it. Absent: javax.net.ssl.keyStorePassword, then FLUME_SSL_KEYSTORE_PASSWORD.',
  },
  'keystore-type': {
    type: 'string',
    values: storeTypes,
    group,
    doc: '`JKS` (Flume’s default), `PKCS12` or `PEM`. What the file really is counts, as in Java 9 and later; this only has to be one of the three.',
  },
  ...selectionOptions,
} as const satisfies Record<string, OptionSpec>);

/** For components that connect: `ssl`, the trust store, and which protocols and ciphers. Give the values to `clientTls`. */
export const clientTlsOptions = defineOptions({
  ssl: { type: 'boolean', default: false, group, doc: 'Uses TLS.' },
  truststore: {
    type: 'string',
    group,
    doc: 'File with the certificates that the server’s must lead to: JKS, PKCS12 or PEM. Absent: the system property javax.net.ssl.trustStore (in JAVA_OPTS), then FLUME_SSL_TRUSTSTORE_PATH, then the public authorities known to Node.',
  },
  'truststore-password': {
    type: 'password',
    group,
    doc: 'Password of that file. A JKS file is read without one too, unchecked. Absent: javax.net.ssl.trustStorePassword, then FLUME_SSL_TRUSTSTORE_PASSWORD.',
  },
  'truststore-type': {
    type: 'string',
    values: storeTypes,
    group,
    doc: '`JKS` (Flume’s default), `PKCS12` or `PEM`; what the file really is counts.',
  },
  'trust-all-certs': {
    type: 'boolean',
    default: false,
    group,
    doc: 'Takes any certificate: encryption without knowing who is there.',
  },
  'verify-hostname': {
    type: 'boolean',
    group,
    doc: 'Whether the certificate has to name the host that is connected to. Default: `false` with a trust store of your own, as in Flume; `true` with the public authorities.',
  },
  ...selectionOptions,
} as const satisfies Record<string, OptionSpec>);
