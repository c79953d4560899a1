/** How the HDFS sink reaches HDFS: addresses, logins, tokens and TLS, and a client from them. */
import { defineOptions, type OptionProblem, type OptionValues } from '#config/options';
import { messageOf } from '#std/errors';
import { hdfsErrors, HdfsError } from '#wire/hdfs/hdfs-errors';
import { TokenFile } from '#wire/hdfs/hdfs-tokens';
import { KerberosHdfsLogin } from '#wire/hdfs/kerberos-hdfs-login';
import { WebHdfsClient, type WebHdfsOptions } from '#wire/hdfs/webhdfs-client';
import { findFileSystem } from '../../flume-sinks/hdfs/file-system.js';
import { readHadoopConf } from '../../flume-sinks/hadoop-conf.js';
import { clientTls, clientTlsProblems } from '../client-tls/client-tls.js';
import { clientTlsOptions } from '../client-tls/client-tls-options.js';

const group = 'HDFS';

export const hdfsConnectionOptions = defineOptions({
  'hdfs.url': {
    type: 'list',
    required: true,
    importance: 'high',
    group,
    aliases: ['webhdfs.url'],
    doc:
      'WebHDFS address of the NameNode, or of all NameNodes, HttpFS, or a gateway: `http://nn1:9870, http://nn2:9870`. Or a nameservice, ' +
      '`hdfs://lake`, whose NameNodes Hadoop’s configuration names (`hadoop.conf.dir`).',
    check: addressProblem,
  },
  'hadoop.conf.dir': {
    type: 'string',
    group,
    importance: 'medium',
    aliases: ['hdfs.confDir'],
    doc: 'Folder of core-site.xml and hdfs-site.xml, for `hdfs://` addresses. Absent: the environment variable HADOOP_CONF_DIR.',
  },
  'hdfs.user': {
    type: 'string',
    group,
    doc: 'User name of simple authentication; whom the files belong to. Without it HDFS takes its web user.',
  },
  'hdfs.proxyUser': {
    type: 'string',
    group,
    importance: 'low',
    doc: 'Write as this user, by the rights of `hdfs.user` or of the Kerberos principal.',
  },
  'hdfs.authentication.kerberos': {
    type: 'boolean',
    group,
    importance: 'medium',
    doc: 'Log in with `hdfs.kerberosPrincipal`. Absent: where that is set.',
  },
  'hdfs.kerberosPrincipal': {
    type: 'string',
    group,
    importance: 'medium',
    aliases: ['connect.hdfs.principal'],
    doc: 'Kerberos principal of this sink, `millrace/worker1.example.org@EXAMPLE.ORG`; without a realm that of krb5.conf. `_HOST` is not replaced.',
  },
  'hdfs.kerberosKeytab': {
    type: 'string',
    group,
    importance: 'medium',
    aliases: ['connect.hdfs.keytab'],
    doc: 'Keytab file with the key of that principal (AES). Read anew at each login.',
  },
  'hdfs.krb5Conf': {
    type: 'string',
    group,
    importance: 'low',
    aliases: ['kerberos.krb5.conf', 'java.security.krb5.conf'],
    doc: 'Kerberos configuration: realms, their KDCs, and which hosts they have. Absent: the environment variable KRB5_CONFIG, else /etc/krb5.conf.',
  },
  'hdfs.namenodePrincipal': {
    type: 'string',
    group,
    importance: 'low',
    aliases: ['hdfs.namenode.principal'],
    doc: 'Principal of the NameNodes; its realm is that of their web servers, where krb5.conf does not say it. They are `HTTP/<host>` there.',
  },
  'hdfs.delegationToken': {
    type: 'password',
    group,
    doc: 'Delegation token of a secured HDFS, in place of a login. HDFS lets it be renewed by Kerberos logins only: somebody else has to.',
  },
  'hdfs.delegationTokenFile': {
    type: 'string',
    group,
    importance: 'low',
    doc: 'File with a delegation token: a line of text, or Hadoop’s token storage (HADOOP_TOKEN_FILE_LOCATION). Read anew when it changes.',
  },
  'hdfs.dataNodes': {
    type: 'list',
    group,
    importance: 'low',
    doc: 'DataNodes that are reached under another name from here: `dn1.inner:9864=dn1.outer:9864`, or without ports.',
    check: (value: readonly string[]) =>
      value.every((pair) => /^[^=]+=[^=]+$/.test(pair)) ? null : 'must be pairs such as dn1.inner=dn1.outer',
  },
  'hdfs.callTimeout': {
    type: 'int',
    unit: 'ms',
    group,
    default: 30_000,
    min: 100,
    importance: 'low',
    doc: 'A call in which no byte moves for so long has failed.',
  },
  'hdfs.connections': {
    type: 'int',
    group,
    default: 8,
    min: 1,
    max: 256,
    importance: 'low',
    doc: 'Connections of a task to each NameNode and DataNode.',
  },
  ...clientTlsOptions(),
});

type Options = Readonly<Record<string, string>>;
export type HdfsConnectionValues = OptionValues<typeof hdfsConnectionOptions>;

/** `options` as they were given, for the TLS block. */
export function webHdfsClient(
  values: HdfsConnectionValues,
  options: Options,
  bounds: Pick<WebHdfsOptions, 'connectTimeoutMs' | 'idleTimeoutMs'> = {},
): WebHdfsClient {
  const place = addressesOf(values);
  if (typeof place === 'string') throw new HdfsError(hdfsErrors.invalid, `hdfs.url ${place}.`);
  const isSecure = place.some((url) => /^https:/i.test(url));
  const principal = kerberosPrincipal(values);
  const tokenFile = values['hdfs.delegationTokenFile'];
  return new WebHdfsClient({
    urls: place,
    user: values['hdfs.user'],
    doAs: values['hdfs.proxyUser'],
    delegationToken: tokenFile === null ? values['hdfs.delegationToken'] : new TokenFile(tokenFile),
    login:
      principal === null
        ? null
        : new KerberosHdfsLogin({
            principal,
            keytabPath: values['hdfs.kerberosKeytab'] ?? '',
            krb5ConfPath: values['hdfs.krb5Conf'],
            realm: values['hdfs.namenodePrincipal']?.split('@')[1] ?? null,
          }),
    dataNodes: new Map((values['hdfs.dataNodes'] ?? []).map(pairOf)),
    idleTimeoutMs: values['hdfs.callTimeout'],
    connectionsMax: values['hdfs.connections'],
    ...(isSecure ? { tls: clientTls(options) } : {}),
    ...bounds,
  });
}

/** What does not go together, or cannot be read. */
export function hdfsConnectionProblems(values: HdfsConnectionValues, options: Options): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  const add = (name: keyof HdfsConnectionValues, message: string): void => {
    problems.push({ name, value: options[name] ?? null, message });
  };
  const place = addressesOf(values);
  if (typeof place === 'string') add('hdfs.url', place);
  const principal = kerberosPrincipal(values);
  const isWanted = values['hdfs.authentication.kerberos'] === true;
  if (isWanted && principal === null)
    add('hdfs.kerberosPrincipal', 'hdfs.authentication.kerberos=true needs a principal');
  if (principal !== null && values['hdfs.kerberosKeytab'] === null)
    add('hdfs.kerberosKeytab', 'a Kerberos principal needs its keytab');
  const hasToken = values['hdfs.delegationToken'] !== null || values['hdfs.delegationTokenFile'] !== null;
  if (principal !== null && hasToken)
    add('hdfs.kerberosPrincipal', 'a delegation token stands in for a login: give one of them');
  if (values['hdfs.delegationToken'] !== null && values['hdfs.delegationTokenFile'] !== null)
    add('hdfs.delegationTokenFile', 'there is a token in hdfs.delegationToken already');
  return [...problems, ...clientTlsProblems(options)];
}

/** Whether HDFS answers, and lets this user in. */
export async function verifyHdfs(values: HdfsConnectionValues, options: Options): Promise<readonly OptionProblem[]> {
  const client = webHdfsClient(values, options, { connectTimeoutMs: verifyMs, idleTimeoutMs: verifyMs });
  try {
    await client.status('/');
    return [];
  } catch (error) {
    const isLogin = error instanceof HdfsError && error.kind === hdfsErrors.denied;
    const name = isLogin && kerberosPrincipal(values) !== null ? 'hdfs.kerberosPrincipal' : 'hdfs.url';
    return [{ name, value: options[name] ?? null, message: messageOf(error) }];
  } finally {
    client.close();
  }
}

const verifyMs = 6000;

function kerberosPrincipal(values: HdfsConnectionValues): string | null {
  return values['hdfs.authentication.kerberos'] === false ? null : values['hdfs.kerberosPrincipal'];
}

/** Web addresses, or what is wrong. */
function addressesOf(values: HdfsConnectionValues): readonly string[] | string {
  const all: string[] = [];
  for (const url of values['hdfs.url'].map(webAddress)) {
    if (!/^hdfs:/i.test(url)) {
      all.push(url);
      continue;
    }
    const conf = readHadoopConf(values['hadoop.conf.dir'] ?? process.env['HADOOP_CONF_DIR'] ?? null);
    const place = findFileSystem(url, null, conf);
    if (place.kind !== 'hdfs') return place.kind === 'unknown' ? place.problem : `${url} is no HDFS`;
    all.push(...place.urls);
  }
  return all;
}

/** Hadoop's own spellings `webhdfs://` and `swebhdfs://` are HTTP and HTTPS. */
function webAddress(url: string): string {
  return url.replace(/^webhdfs:/i, 'http:').replace(/^swebhdfs:/i, 'https:');
}

function addressProblem(urls: readonly string[]): string | null {
  if (urls.length === 0) return 'must name at least one address';
  const wrong = urls.map(webAddress).find((url) => !/^(https?|hdfs):\/\//i.test(url) || !URL.canParse(url));
  if (wrong === undefined) return null;
  return `${wrong} is not a web address; give the one of WebHDFS, such as http://namenode:9870, or hdfs:// and a nameservice`;
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
