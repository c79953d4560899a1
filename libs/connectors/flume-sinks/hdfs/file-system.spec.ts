import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHadoopConf } from '../hadoop-conf.js';
import { findFileSystem } from './file-system.js';

const conf = (values: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(values));
const none = conf({});
const cluster = conf({
  'fs.defaultFS': 'hdfs://lake',
  'dfs.ha.namenodes.lake': 'nn1,nn2',
  'dfs.namenode.http-address.lake.nn1': 'one:9870',
  'dfs.namenode.http-address.lake.nn2': 'two:9870',
});
const single = conf({ 'fs.defaultFS': 'hdfs://nn:8020', 'dfs.namenode.http-address': '0.0.0.0:50075' });

describe('the file system that hdfs.path means', () => {
  it.each([
    ['hdfs://nn:8020/a/%Y', null, none, ['http://nn:9870', 'http://nn:50070'], '/a/%Y'],
    ['hdfs://nn:8020/a', ['http://gate:14000'], none, ['http://gate:14000'], '/a'],
    ['hdfs://nn:8020/a', null, single, ['http://nn:50075'], '/a'],
    ['hdfs://other/a', null, single, ['http://other:9870', 'http://other:50070'], '/a'],
    ['hdfs://lake/a', null, cluster, ['http://one:9870', 'http://two:9870'], '/a'],
    ['hdfs:///a', null, cluster, ['http://one:9870', 'http://two:9870'], '/a'],
    ['/a', null, cluster, ['http://one:9870', 'http://two:9870'], '/a'],
    ['/a', ['http://nn:9870'], none, ['http://nn:9870'], '/a'],
    ['webhdfs://nn:9870/a', null, none, ['http://nn:9870'], '/a'],
    ['swebhdfs://nn:9871/a', null, none, ['https://nn:9871'], '/a'],
  ])('%s with hdfs.url %j is HDFS', (path, urls, hadoop, expected, folder) => {
    expect(findFileSystem(path, urls, hadoop)).toEqual({ kind: 'hdfs', urls: expected, path: folder });
  });

  it.each([
    ['file:///a/b', '/a/b'],
    ['file:/a/b', '/a/b'],
    ['/a/b', '/a/b'],
  ])('%s is the local disk', (path, folder) => {
    expect(findFileSystem(path, null, none)).toEqual({ kind: 'local', path: folder });
  });

  it.each([
    ['s3a://bucket/a', /s3a:\/\/ is not a file system/],
    ['a/b', /not absolute/],
    ['hdfs:///a', /names no NameNode/],
  ])('%s is none', (path, problem) => {
    expect(findFileSystem(path, null, none)).toEqual({ kind: 'unknown', problem: expect.stringMatching(problem) });
  });

  it("reads Hadoop's files, and does without them", () => {
    const folder = mkdtempSync(join(tmpdir(), 'hadoop-conf-'));
    try {
      writeFileSync(
        join(folder, 'core-site.xml'),
        '<configuration><!-- <property><name>x</name><value>1</value></property> --><property>\n<name> fs.defaultFS </name>' +
          '<value>hdfs://a&amp;b</value></property></configuration>',
      );
      expect([...readHadoopConf(folder)]).toEqual([['fs.defaultFS', 'hdfs://a&b']]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(readHadoopConf('/nowhere').size).toBe(0);
  });
});
