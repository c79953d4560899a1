import { statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type SecureVersion, type Server } from 'node:tls';
import type { Clock, Timer } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import { opensslCipher } from './cipher-names.js';
import { netErrors } from './errors.js';
import { readKeyStore, readTrustStore, type KeyStoreSettings, type TrustStoreSettings } from './key-store.js';

export interface TlsSettings {
  readonly keyStore: KeyStoreSettings;
  readonly trustStore: TrustStoreSettings;
  readonly clientAuth: 'none' | 'requested' | 'required';
  readonly protocols: readonly string[];
  /** Java's or OpenSSL's names; empty: those of Node. */
  readonly cipherSuites: readonly string[];
  /** How often files are looked at for changes. */
  readonly reloadMs: number;
}

export interface TlsEvents {
  onReload(): void;
  /** The files have changed, but cannot be used: the old ones go on. */
  onReloadFailed(error: Error): void;
}

/** The keys of a listener, made anew when their files change: certificates are renewed without a restart. */
export class TlsContext {
  private timer: Timer | null = null;
  private seen = '';

  constructor(
    readonly settings: TlsSettings,
    private readonly clock: Clock,
    private readonly events: TlsEvents,
  ) {}

  /** Throws `net.tls.key_store` or `net.tls.settings`. */
  load(): SecureContextOptions {
    const { keyStore, trustStore, clientAuth, protocols, cipherSuites } = this.settings;
    this.seen = this.look();
    const ca = readTrustStore(trustStore);
    if (ca === null && clientAuth !== 'none') {
      throw new MillraceError(
        netErrors.tlsSettings,
        `ssl.client.auth=${clientAuth} needs the certificates that clients' must lead to: set ssl.truststore.location.`,
      );
    }
    const versions = [...protocols].sort();
    const options: SecureContextOptions = {
      ...readKeyStore(keyStore),
      ...(ca === null ? {} : { ca }),
      minVersion: versions[0] as SecureVersion,
      maxVersion: versions.at(-1) as SecureVersion,
      ...(cipherSuites.length === 0 ? {} : { ciphers: cipherSuites.map(opensslCipher).join(':') }),
    };
    try {
      createSecureContext(options);
    } catch (error) {
      throw new MillraceError(
        netErrors.keyStore,
        `ssl.keystore: the key, the certificate, a password or a cipher suite cannot be used (${messageOf(error)}).`,
      );
    }
    return options;
  }

  /** Looks at the files from time to time, until `stop`. */
  watch(server: Server): void {
    this.timer = this.clock.after(this.settings.reloadMs, () => {
      if (this.look() !== this.seen) this.reload(server);
      this.watch(server);
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private reload(server: Server): void {
    try {
      server.setSecureContext(this.load());
      this.events.onReload();
    } catch (error) {
      this.events.onReloadFailed(error as Error);
    }
  }

  /** Changes when a file does. */
  private look(): string {
    const { keyStore, trustStore } = this.settings;
    return [keyStore.location, trustStore.location].map((path) => (path === null ? '' : fingerprint(path))).join(' ');
  }
}

function fingerprint(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino}/${size}/${mtimeMs}`;
  } catch {
    return 'none';
  }
}
