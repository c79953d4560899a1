/** Java's system properties, as far as a flume.conf may ask for them. */
import { arch, cpus, homedir, release, tmpdir, type, userInfo } from 'node:os';
import { delimiter, sep } from 'node:path';

/** What `${sys:…}` has in every JVM. */
export function jvmProperties(): Record<string, string> {
  return {
    'user.home': homedir(),
    'user.dir': process.cwd(),
    'user.name': userInfo().username,
    'java.io.tmpdir': tmpdir(),
    'file.separator': sep,
    'path.separator': delimiter,
    'line.separator': '\n',
    'os.name': type(),
    'os.arch': javaArch(),
    'os.version': release(),
  };
}

/** What `${java:…}` says of the machine; there is no JVM that it could speak of. */
export function platformLookups(): Record<string, string> {
  const { locale } = Intl.DateTimeFormat().resolvedOptions();
  return {
    os: `${type()} ${release()}, architecture: ${javaArch()}-64`,
    hardware: `processors: ${cpus().length}, architecture: ${javaArch()}-64`,
    locale: `default locale: ${locale.replace('-', '_')}, platform encoding: UTF-8`,
  };
}

function javaArch(): string {
  return arch() === 'x64' ? 'amd64' : arch() === 'arm64' ? 'aarch64' : arch();
}

/** `name=value` as behind `-D`; without `=` the value is empty, as Java has it. */
export function readDefinitions(definitions: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    definitions.map((text) => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** Where Flume's global TLS settings are system properties, they come before the environment's. */
const tlsVariables: Readonly<Record<string, string>> = {
  'javax.net.ssl.keyStore': 'FLUME_SSL_KEYSTORE_PATH',
  'javax.net.ssl.keyStorePassword': 'FLUME_SSL_KEYSTORE_PASSWORD',
  'javax.net.ssl.keyStoreType': 'FLUME_SSL_KEYSTORE_TYPE',
  'javax.net.ssl.trustStore': 'FLUME_SSL_TRUSTSTORE_PATH',
  'javax.net.ssl.trustStorePassword': 'FLUME_SSL_TRUSTSTORE_PASSWORD',
  'javax.net.ssl.trustStoreType': 'FLUME_SSL_TRUSTSTORE_TYPE',
  'flume.ssl.include.protocols': 'FLUME_SSL_INCLUDE_PROTOCOLS',
  'flume.ssl.exclude.protocols': 'FLUME_SSL_EXCLUDE_PROTOCOLS',
  'flume.ssl.include.cipherSuites': 'FLUME_SSL_INCLUDE_CIPHERSUITES',
  'flume.ssl.exclude.cipherSuites': 'FLUME_SSL_EXCLUDE_CIPHERSUITES',
};

/** The variables that say the same as those system properties. */
export function tlsEnvironment(system: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tlsVariables).flatMap(([property, variable]) => {
      const value = system[property];
      return value === undefined ? [] : [[variable, value]];
    }),
  );
}
