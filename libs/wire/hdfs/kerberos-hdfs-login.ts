import { systemClock, type Clock } from '#std/clock';
import { KerberosError } from '../kerberos/kerberos-errors.js';
import { KerberosLogin } from '../kerberos/kerberos-login.js';
import { loadKrb5Conf } from '../kerberos/krb5-conf.js';
import { hdfsErrors, HdfsError } from './hdfs-errors.js';
import type { HdfsLogin } from './webhdfs-client.js';

export interface KerberosHdfsOptions {
  readonly principal: string;
  readonly keytabPath: string;
  /** Default: the environment variable KRB5_CONFIG, else /etc/krb5.conf. */
  readonly krb5ConfPath?: string | null;
  /** Of the NameNodes' web servers; default: as krb5.conf says for their hosts. */
  readonly realm?: string | null;
  readonly clock?: Clock;
  /** For each answer of a KDC, ms. */
  readonly timeoutMs?: number;
}

/** A login to HDFS's web servers, which are the service `HTTP` of their hosts, with a keytab. krb5.conf is read at the first one. */
export class KerberosHdfsLogin implements HdfsLogin {
  readonly clock: Clock;
  private login: KerberosLogin | null = null;

  constructor(private readonly options: KerberosHdfsOptions) {
    this.clock = options.clock ?? systemClock;
  }

  async negotiate(host: string): Promise<string> {
    const { principal, keytabPath, krb5ConfPath, realm, timeoutMs } = this.options;
    try {
      this.login ??= new KerberosLogin({
        conf: loadKrb5Conf(krb5ConfPath ?? process.env['KRB5_CONFIG'] ?? '/etc/krb5.conf'),
        principal,
        keytabPath,
        clock: this.clock,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      return await this.login.negotiate('HTTP', host, realm);
    } catch (error) {
      if (!(error instanceof KerberosError)) throw error;
      throw new HdfsError(error.retriable ? hdfsErrors.away : hdfsErrors.denied, error.message, { cause: error });
    }
  }
}
