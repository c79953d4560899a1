import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Child } from './child.js';
import { classPath } from './jars.js';

export interface S3ProxyOptions {
  readonly directory: string;
  readonly port: number;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A real server of S3's REST API, S3Proxy over a folder, that checks signatures. */
export async function startS3Proxy(options: S3ProxyOptions): Promise<Child> {
  const { directory, port, bucket, accessKeyId, secretAccessKey } = options;
  const jars = await classPath('s3proxy', [
    // Its own logger prints each step of Jetty.
    'org.gaul:s3proxy:2.7.0 !ch.qos.logback:logback-classic',
    'org.slf4j:slf4j-nop:2.0.17',
  ]);
  const store = join(directory, 'store');
  // A bucket that others of the machine may read is public, and its requests need no signature.
  mkdirSync(join(store, bucket), { recursive: true, mode: 0o700 });
  const configuration = join(directory, 's3proxy.conf');
  writeFileSync(
    configuration,
    `s3proxy.endpoint=http://127.0.0.1:${port}
s3proxy.authorization=aws-v4
s3proxy.identity=${accessKeyId}
s3proxy.credential=${secretAccessKey}
jclouds.provider=filesystem
jclouds.filesystem.basedir=${store}
`,
  );
  const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = new Child({
    command: 'java',
    args: [...flags, '-cp', jars, 'org.gaul.s3proxy.Main', '--properties', configuration],
    logPath: join(directory, 's3proxy.out'),
  });
  await child.until('S3Proxy', () => answers(port));
  return child;
}
