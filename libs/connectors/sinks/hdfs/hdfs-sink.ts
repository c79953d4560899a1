import { defineOptions, requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import {
  rollingGuarantee,
  rollingProblems,
  rollingSetup,
  rollingSpecs,
  rollingValues,
} from '../file/rolling-options.js';
import { RollingSink } from '../file/rolling-sink.js';
import { HdfsStore } from './hdfs-store.js';

const prefix = 'hdfs.';

const options = defineOptions({
  'hdfs.url': {
    type: 'list',
    required: true,
    importance: 'high',
    group: 'HDFS',
    aliases: ['webhdfs.url'],
    doc: 'WebHDFS address of the NameNode, or of all NameNodes, HttpFS, or a gateway: `http://nn1:9870, http://nn2:9870`.',
    check: addressProblem,
  },
  'hdfs.user': {
    type: 'string',
    group: 'HDFS',
    doc: 'User name of simple authentication; whom the files belong to. Without it HDFS takes its web user.',
  },
  'hdfs.proxyUser': {
    type: 'string',
    group: 'HDFS',
    importance: 'low',
    doc: 'Write as this user, by the rights of `hdfs.user`.',
  },
  'hdfs.delegationToken': {
    type: 'password',
    group: 'HDFS',
    doc: 'Delegation token of a secured HDFS, in place of `hdfs.user`.',
  },
  'hdfs.kerberosPrincipal': {
    type: 'string',
    group: 'HDFS',
    importance: 'low',
    aliases: ['connect.hdfs.principal'],
    doc: "Flume's Kerberos login, which this sink does not have: use `hdfs.delegationToken`, or a gateway.",
    check: () =>
      'cannot be used: there is no Kerberos login here; give a delegation token in hdfs.delegationToken, or the address of a gateway',
  },
  'hdfs.dataNodes': {
    type: 'list',
    group: 'HDFS',
    importance: 'low',
    doc: 'DataNodes that are reached under another name from here: `dn1.inner:9864=dn1.outer:9864`, or without ports.',
    check: (value: readonly string[]) =>
      value.every((pair) => /^[^=]+=[^=]+$/.test(pair)) ? null : 'must be pairs such as dn1.inner=dn1.outer',
  },
  'hdfs.callTimeout': {
    type: 'int',
    unit: 'ms',
    group: 'HDFS',
    default: 30_000,
    min: 100,
    importance: 'low',
    doc: 'A call in which no byte moves for so long has failed.',
  },
  'hdfs.connections': {
    type: 'int',
    group: 'HDFS',
    default: 8,
    min: 1,
    max: 256,
    importance: 'low',
    doc: 'Connections of a task to each NameNode and DataNode.',
  },
  ...rollingSpecs(prefix),
});

const defaults = { topicsDirectory: '/topics', fileType: 'SequenceFile' } as const;
const connectClasses = ['io.confluent.connect.hdfs.HdfsSinkConnector', 'io.confluent.connect.hdfs3.Hdfs3SinkConnector'];

/** Rolling files in HDFS over WebHDFS: no Hadoop libraries here, and no daemon beside the NameNode's own there. */
export const hdfsSink: SinkType = {
  name: 'hdfs',
  classNames: [...connectClasses, 'org.apache.flume.sink.hdfs.HDFSEventSink'],
  version: '0.1.0',
  doc:
    "Writes rolling files to HDFS over WebHDFS, with Flume's paths and Kafka Connect's file names. Files appear under their final name " +
    'complete, and each record is in exactly one, whatever crashes.',
  options,
  check: (values) => rollingProblems(options, prefix, values, defaults),
  guarantee: (values) => rollingGuarantee(options, prefix, values),
  create(input) {
    const values = requireOptions('sink hdfs', options, input);
    const setup = rollingSetup(rollingValues(prefix, values), defaults);
    const client = (): WebHdfsClient =>
      new WebHdfsClient({
        urls: values['hdfs.url'].map(webAddress),
        user: values['hdfs.user'],
        doAs: values['hdfs.proxyUser'],
        delegationToken: values['hdfs.delegationToken'],
        dataNodes: new Map((values['hdfs.dataNodes'] ?? []).map(pairOf)),
        idleTimeoutMs: values['hdfs.callTimeout'],
        connectionsMax: values['hdfs.connections'],
      });
    return new RollingSink({ connect: () => new HdfsStore(client()), ...setup });
  },
};

/** Hadoop's own spellings `webhdfs://` and `swebhdfs://` are HTTP and HTTPS. */
function webAddress(url: string): string {
  return url.replace(/^webhdfs:/i, 'http:').replace(/^swebhdfs:/i, 'https:');
}

function addressProblem(urls: readonly string[]): string | null {
  if (urls.length === 0) return 'must name at least one address';
  const wrong = urls.map(webAddress).find((url) => !/^https?:\/\//i.test(url) || !URL.canParse(url));
  if (wrong === undefined) return null;
  return `${wrong} is not a web address; give the one of WebHDFS, such as http://namenode:9870 (not the port of hdfs://)`;
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
