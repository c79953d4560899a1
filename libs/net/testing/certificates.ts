import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Identity {
  /** Certificate and key in one file, as Kafka's PEM key stores are. */
  readonly storePath: string;
  readonly certificatePath: string;
  readonly keyPath: string;
}

/** A certificate authority for one test, and what it signs; by openssl, with EC keys. */
export class Certificates {
  readonly authorityPath: string;
  private readonly authorityKeyPath: string;

  constructor(private readonly folder: string) {
    this.authorityPath = join(folder, 'ca.pem');
    this.authorityKeyPath = join(folder, 'ca.key');
    openssl(
      ...newKey(this.authorityKeyPath),
      '-x509',
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
      '-out',
      this.authorityPath,
    );
  }

  /** @param subject as openssl takes it: `/C=DE/O=example/CN=client`. */
  issue(name: string, subject: string, extensions = 'subjectAltName=IP:127.0.0.1,DNS:localhost'): Identity {
    const path = (ending: string): string => join(this.folder, `${name}.${ending}`);
    const [keyPath, requestPath, certificatePath, storePath] = [path('key'), path('csr'), path('crt'), path('pem')];
    openssl(...newKey(keyPath), '-subj', subject, '-out', requestPath);
    writeFileSync(path('ext'), extensions);
    const authority = ['-CA', this.authorityPath, '-CAkey', this.authorityKeyPath, '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      requestPath,
      ...authority,
      '-days',
      '2',
      '-extfile',
      path('ext'),
      '-out',
      certificatePath,
    );
    writeFileSync(storePath, readFileSync(keyPath, 'utf8') + readFileSync(certificatePath, 'utf8'));
    return { storePath, certificatePath, keyPath };
  }

  /** The same in a PKCS12 file. */
  pkcs12({ certificatePath, keyPath }: Identity, path: string, password: string): void {
    const store = ['-in', certificatePath, '-inkey', keyPath, '-certfile', this.authorityPath];
    openssl('pkcs12', '-export', ...store, '-out', path, '-passout', `pass:${password}`);
  }
}

function newKey(path: string): string[] {
  return ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
