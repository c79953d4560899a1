import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../flows/product.js';
import { classPath, javaOpens } from './jars.js';
import { pythonPackages } from './python.js';

const run = promisify(execFile);
const outputBytesMax = 256 * 1024 * 1024;
const flags = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...javaOpens];

/** What Hadoop's own shell prints of local files: `fs -text`, which goes by their names and first bytes. */
export async function hadoopText(paths: readonly string[]): Promise<string> {
  const jars = await classPath('hadoop-text', [
    'org.apache.hadoop:hadoop-common:3.4.3',
    // For its LZ4 codec.
    'org.lz4:lz4-java:1.8.0',
  ]);
  const files = paths.map((path) => `file://${path}`);
  const main = 'org.apache.hadoop.fs.FsShell';
  // The shell does not start without a configuration, be it empty.
  const conf = mkdtempSync(join(tmpdir(), 'millrace-hadoop-'));
  try {
    writeFileSync(join(conf, 'core-site.xml'), '<configuration></configuration>\n');
    const args = [...flags, '-cp', `${conf}:${jars}`, main, '-text', ...files];
    const { stdout } = await run('java', args, { maxBuffer: outputBytesMax });
    return stdout;
  } finally {
    rmSync(conf, { recursive: true, force: true });
  }
}

/** The records of Avro and Parquet files as their Java libraries read them: Parquet's own command line, a line of JSON each. */
export async function parquetCat(paths: readonly string[]): Promise<string[]> {
  const jars = await classPath('parquet-cli', [
    'org.apache.parquet:parquet-cli:1.15.2',
    'org.apache.hadoop:hadoop-common:3.4.3',
    'org.apache.hadoop:hadoop-mapreduce-client-core:3.4.3',
    'com.github.luben:zstd-jni:1.5.6-10',
    'org.lz4:lz4-java:1.8.0',
    'org.xerial.snappy:snappy-java:1.1.10.7',
  ]);
  const args = [...flags, '-cp', jars, 'org.apache.parquet.cli.Main', 'cat', ...paths];
  const { stdout } = await run('java', args, { maxBuffer: outputBytesMax });
  return stdout.split('\n').filter((line) => line !== '');
}

export interface RowsRead {
  readonly path: string;
  readonly reader: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** The rows of Parquet, CSV and JSON files as DuckDB and pyarrow read them. */
export async function pythonRows(paths: readonly string[]): Promise<RowsRead[]> {
  const folder = join(projectRoot, 'test', 'stores', 'readers');
  const python = await pythonPackages(join(folder, 'requirements.txt'));
  const { stdout } = await run(python, [join(folder, 'read.py'), ...paths], { maxBuffer: outputBytesMax });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RowsRead);
}
