import { join } from 'node:path';
import { KerberosHdfsLogin } from '#wire/hdfs/kerberos-hdfs-login';
import { Hdfs } from './hdfs.js';
import { Kdc } from './kdc.js';

export interface SecuredHdfsOptions {
  /** The first of six ports in a row. */
  readonly port: number;
  readonly directory: string;
  /** Life of delegation tokens without and with renewal, ms. */
  readonly tokenMs: { readonly renewal: number; readonly life: number };
}

const realm = 'LAKE.TEST';

/** A real HDFS that lets in only who has logged in by Kerberos, and its KDC. */
export class SecuredHdfs {
  private constructor(
    readonly hdfs: Hdfs,
    readonly kdc: Kdc,
  ) {}

  static async start({ port, directory, tokenMs }: SecuredHdfsOptions): Promise<SecuredHdfs> {
    const kdc = await Kdc.start({ port: port + 5, directory: join(directory, 'kdc'), realm });
    const keytab = await kdc.keytab('daemons', 'hdfs/localhost', 'HTTP/localhost');
    const login = new KerberosHdfsLogin({
      principal: `hdfs/localhost@${realm}`,
      keytabPath: keytab,
      krb5ConfPath: kdc.krb5Conf,
    });
    const hdfs = await Hdfs.start({
      port,
      directory: join(directory, 'hdfs'),
      host: 'localhost',
      login: async () => ({ authorization: `Negotiate ${await login.negotiate('localhost')}` }),
      jvm: [`-Djava.security.krb5.conf=${kdc.krb5Conf}`, '-Dsun.security.krb5.disableReferrals=true'],
      core: {
        'hadoop.security.authentication': 'kerberos',
        'hadoop.security.authorization': 'true',
        'hadoop.http.authentication.type': 'kerberos',
        'hadoop.http.authentication.kerberos.principal': `HTTP/localhost@${realm}`,
        'hadoop.http.authentication.kerberos.keytab': keytab,
      },
      site: {
        'dfs.block.access.token.enable': 'true',
        'dfs.namenode.kerberos.principal': `hdfs/localhost@${realm}`,
        'dfs.namenode.keytab.file': keytab,
        'dfs.datanode.kerberos.principal': `hdfs/localhost@${realm}`,
        'dfs.datanode.keytab.file': keytab,
        'dfs.web.authentication.kerberos.principal': `HTTP/localhost@${realm}`,
        'dfs.web.authentication.kerberos.keytab': keytab,
        // A DataNode of a secured HDFS wants ports below 1024, or TLS.
        'ignore.secure.ports.for.testing': 'true',
        'dfs.permissions.enabled': 'false',
        'dfs.namenode.delegation.token.renew-interval': String(tokenMs.renewal),
        'dfs.namenode.delegation.token.max-lifetime': String(tokenMs.life),
      },
    });
    return new SecuredHdfs(hdfs, kdc);
  }

  async stop(): Promise<void> {
    await Promise.all([this.hdfs.kill(), this.kdc.stop()]);
  }
}
