/**
 * Which file system `hdfs.path` means, and the HTTP addresses of its NameNodes. Flume speaks Hadoop's RPC to the address in the path; this sink
 * speaks WebHDFS, which is another port of the same machine. In this order:
 *
 * 1. `hdfs.url`, where it is set;
 * 2. `webhdfs://host:port/…` or `http(s)://host:port/…` as the path itself;
 * 3. `dfs.namenode.http-address` (or https) of Hadoop's configuration, for the nameservice or the host that the path names;
 * 4. the host of `hdfs://host:…` with the port of Hadoop 3 (9870), then of Hadoop 2 (50070).
 *
 * A path without a scheme is on `fs.defaultFS` of Hadoop's configuration, and without one on the local disk, as in Flume.
 */
import type { HadoopConf } from '../hadoop-conf.js';

export type FileSystemPlace =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'hdfs'; readonly urls: readonly string[]; readonly path: string }
  | { readonly kind: 'unknown'; readonly problem: string };

const httpPorts = [9870, 50070];

export function findFileSystem(text: string, urls: readonly string[] | null, conf: HadoopConf): FileSystemPlace {
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/]*))?(\/.*)?$/i.exec(text);
  if (match === null) {
    if (!text.startsWith('/')) return unknown(`${text} is not absolute`);
    if (urls !== null) return { kind: 'hdfs', urls, path: text };
    const base = conf.get('fs.defaultFS') ?? conf.get('fs.default.name') ?? 'file:///';
    return findFileSystem(`${base.replace(/\/+$/, '')}${text}`, null, conf);
  }
  const [, scheme = '', authority = '', path = '/'] = match;
  switch (scheme.toLowerCase()) {
    case 'file':
      return { kind: 'local', path };
    case 'webhdfs':
    case 'http':
      return { kind: 'hdfs', urls: urls ?? [`http://${authority}`], path };
    case 'swebhdfs':
    case 'https':
      return { kind: 'hdfs', urls: urls ?? [`https://${authority}`], path };
    case 'hdfs':
    case 'viewfs':
      return hdfsPlace(authority, path, urls, conf);
    default:
      return unknown(
        `${scheme}:// is not a file system that can be written to; there are hdfs://, webhdfs://, swebhdfs:// and file://`,
      );
  }
}

function hdfsPlace(authority: string, path: string, urls: readonly string[] | null, conf: HadoopConf): FileSystemPlace {
  if (urls !== null) return { kind: 'hdfs', urls, path };
  if (authority === '') {
    const base = conf.get('fs.defaultFS') ?? '';
    if (/^hdfs:\/\/[^/]+/i.test(base))
      return hdfsPlace(base.slice('hdfs://'.length).replace(/\/.*$/, ''), path, null, conf);
    return unknown('names no NameNode, and no Hadoop configuration (hdfs.confDir) does; set hdfs.url');
  }
  const known = addressesOf(authority, conf);
  if (known.length > 0) return { kind: 'hdfs', urls: known, path };
  const host = authority.replace(/:\d+$/, '');
  return { kind: 'hdfs', urls: httpPorts.map((port) => `http://${host}:${port}`), path };
}

function addressesOf(authority: string, conf: HadoopConf): string[] {
  const secure = conf.get('dfs.http.policy') === 'HTTPS_ONLY';
  const key = `dfs.namenode.${secure ? 'https' : 'http'}-address`;
  const scheme = secure ? 'https' : 'http';
  const nodes = conf.get(`dfs.ha.namenodes.${authority}`);
  if (nodes !== undefined) {
    return nodes.split(/[\s,]+/).flatMap((node) => {
      const address = conf.get(`${key}.${authority}.${node}`);
      return address === undefined ? [] : [`${scheme}://${address}`];
    });
  }
  const single = conf.get(`${key}.${authority}`) ?? conf.get(key);
  const rpc = conf.get('dfs.namenode.rpc-address') ?? conf.get('fs.defaultFS')?.replace(/^hdfs:\/\//i, '');
  // The file speaks of one NameNode: it must be the one that the path means.
  if (single === undefined || rpc?.replace(/:\d+.*$/, '') !== authority.replace(/:\d+$/, '')) return [];
  const host = authority.replace(/:\d+$/, '');
  return [`${scheme}://${single.replace(/^0\.0\.0\.0(?=:)/, host)}`];
}

function unknown(problem: string): FileSystemPlace {
  return { kind: 'unknown', problem };
}
