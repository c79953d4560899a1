/**
 * What Flume's components fall back on where their own TLS block says nothing: Java's system properties, then environment variables. Neither
 * switches TLS on by itself. System properties are words `-Dname=value` of JAVA_OPTS and FLUME_JAVA_OPTS, where flume-env.sh has them.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface TlsGlobals {
  readonly keyStore: GlobalStore;
  readonly trustStore: GlobalStore;
  readonly includeProtocols: readonly string[];
  readonly excludeProtocols: readonly string[];
  readonly includeCipherSuites: readonly string[];
  readonly excludeCipherSuites: readonly string[];
}

export interface GlobalStore {
  readonly path: string | null;
  readonly password: string | null;
}

export function tlsGlobals(environment: Environment = process.env): TlsGlobals {
  const system = systemProperties(environment);
  const text = (property: string, variable: string): string | null =>
    [system.get(property), environment[variable]].find((value) => value !== undefined && value !== '') ?? null;
  const list = (property: string, variable: string): string[] =>
    (text(property, variable) ?? '').split(/[\s,]+/).filter((item) => item !== '');
  return {
    keyStore: {
      path: text('javax.net.ssl.keyStore', 'FLUME_SSL_KEYSTORE_PATH'),
      password: text('javax.net.ssl.keyStorePassword', 'FLUME_SSL_KEYSTORE_PASSWORD'),
    },
    trustStore: {
      path: text('javax.net.ssl.trustStore', 'FLUME_SSL_TRUSTSTORE_PATH'),
      password: text('javax.net.ssl.trustStorePassword', 'FLUME_SSL_TRUSTSTORE_PASSWORD'),
    },
    includeProtocols: list('flume.ssl.include.protocols', 'FLUME_SSL_INCLUDE_PROTOCOLS'),
    excludeProtocols: list('flume.ssl.exclude.protocols', 'FLUME_SSL_EXCLUDE_PROTOCOLS'),
    includeCipherSuites: list('flume.ssl.include.cipherSuites', 'FLUME_SSL_INCLUDE_CIPHERSUITES'),
    excludeCipherSuites: list('flume.ssl.exclude.cipherSuites', 'FLUME_SSL_EXCLUDE_CIPHERSUITES'),
  };
}

function systemProperties(environment: Environment): Map<string, string> {
  const words = `${environment['JAVA_OPTS'] ?? ''} ${environment['FLUME_JAVA_OPTS'] ?? ''}`.split(/\s+/);
  const found = new Map<string, string>();
  for (const word of words) {
    const match = /^-D([^=]+)=(.*)$/.exec(word);
    if (match !== null) found.set(match[1] ?? '', (match[2] ?? '').replaceAll(/^["']|["']$/g, ''));
  }
  return found;
}
