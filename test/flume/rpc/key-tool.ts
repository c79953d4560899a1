import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface KeyToolStores {
  readonly keyStore: string;
  readonly trustStore: string;
  readonly password: string;
}

const password = 'changeit';

/** A key for localhost and the certificate to trust, by Java's keytool. */
export function makeStores(directory: string, type: 'JKS' | 'PKCS12'): KeyToolStores {
  const [keyStore, trustStore, certificate] = ['key', 'trust', 'crt'].map((name) =>
    join(directory, `${name}.${type.toLowerCase()}`),
  ) as [string, string, string];
  const keytool = (...args: readonly string[]): void => {
    execFileSync('keytool', [...args, '-storetype', type, '-storepass', password], { stdio: 'pipe' });
  };
  const names = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1'];
  const key = ['-keyalg', 'RSA', '-keysize', '2048', '-validity', '2', '-keypass', password];
  keytool('-genkeypair', '-alias', 'server', ...names, ...key, '-keystore', keyStore);
  keytool('-exportcert', '-alias', 'server', '-keystore', keyStore, '-file', certificate);
  keytool('-importcert', '-noprompt', '-alias', 'ca', '-file', certificate, '-keystore', trustStore);
  return { keyStore, trustStore, password };
}
