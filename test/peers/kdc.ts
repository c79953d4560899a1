import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answers, Child } from './child.js';

const run = promisify(execFile);
const folder = '/usr/sbin';

export interface KdcOptions {
  readonly port: number;
  readonly directory: string;
  readonly realm: string;
}

/** A real KDC of MIT's Kerberos on loopback (Debian's krb5-kdc and krb5-admin-server). */
export class Kdc {
  private server: Child | null = null;

  private constructor(private readonly options: KdcOptions) {}

  static isInstalled(): boolean {
    return ['krb5kdc', 'kdb5_util', 'kadmin.local'].every((name) => existsSync(join(folder, name)));
  }

  static async start(options: KdcOptions): Promise<Kdc> {
    if (!Kdc.isInstalled()) throw new Error('This needs a KDC: krb5-kdc and krb5-admin-server.');
    const kdc = new Kdc(options);
    kdc.configure();
    await kdc.tool('kdb5_util', 'create', '-s', '-r', options.realm, '-P', 'master');
    await kdc.run();
    return kdc;
  }

  /** For clients. */
  get krb5Conf(): string {
    return join(this.options.directory, 'krb5.conf');
  }

  /** How many logins of a principal it has let in. */
  logins(principal: string): number {
    const lines = readFileSync(this.log, 'utf8').split('\n');
    return lines.filter((line) => line.includes('AS_REQ') && line.includes('ISSUE') && line.includes(`${principal}@`))
      .length;
  }

  async run(): Promise<void> {
    this.server = new Child({
      command: join(folder, 'krb5kdc'),
      args: ['-n', '-r', this.options.realm],
      env: this.environment,
      logPath: join(this.options.directory, 'kdc.out'),
    });
    await this.server.until('the KDC', () => answers(this.options.port));
  }

  async stop(): Promise<void> {
    await this.server?.kill();
  }

  /** Makes principals with random keys, and a keytab of all of them. */
  async keytab(name: string, ...principals: readonly string[]): Promise<string> {
    const path = join(this.options.directory, `${name}.keytab`);
    for (const principal of principals) {
      const found = await this.tool('kadmin.local', '-r', this.options.realm, '-q', `getprinc ${principal}`);
      if (!found.includes('Principal:')) await this.admin(`addprinc -randkey ${principal}`);
      await this.admin(`ktadd -norandkey -k ${path} ${principal}`);
    }
    return path;
  }

  async admin(query: string): Promise<string> {
    return this.tool('kadmin.local', '-r', this.options.realm, '-q', query);
  }

  private async tool(name: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(join(folder, name), args, { env: { ...process.env, ...this.environment } });
    return stdout;
  }

  private get log(): string {
    return join(this.options.directory, 'kdc.log');
  }

  private get environment(): Record<string, string> {
    return { KRB5_CONFIG: this.krb5Conf, KRB5_KDC_PROFILE: join(this.options.directory, 'kdc.conf') };
  }

  private configure(): void {
    const { directory, realm, port } = this.options;
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      this.krb5Conf,
      `[libdefaults]
  default_realm = ${realm}
  dns_lookup_realm = false
  dns_lookup_kdc = false
  udp_preference_limit = 1
  rdns = false
[logging]
  kdc = FILE:${this.log}
[realms]
  ${realm} = {
    kdc = 127.0.0.1:${port}
  }
[domain_realm]
  localhost = ${realm}
`,
    );
    writeFileSync(
      join(directory, 'kdc.conf'),
      `[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${realm} = {
    database_name = ${join(directory, 'principal')}
    key_stash_file = ${join(directory, 'stash')}
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts-hmac-sha384-192:normal aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
    default_principal_flags = +preauth
  }
`,
    );
  }
}
