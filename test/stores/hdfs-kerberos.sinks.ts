import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hdfsSink } from '../../libs/connectors/sinks/hdfs/hdfs-sink.js';
import { KerberosHdfsLogin } from '#wire/hdfs/kerberos-hdfs-login';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { eventually } from '../flows/product.js';
import { Ledger } from '../flows/line-writer.js';
import { Kdc } from '../peers/kdc.js';
import { SecuredHdfs } from '../peers/secured-hdfs.js';
import { readFinalLines } from './hdfs-files.js';
import { trial } from './trial.js';

const records = 60_000;
const principal = 'ann@LAKE.TEST';

trial({
  name: 'HDFS with Kerberos',
  port: 25_320,
  guarantee: 'exactly-once',
  records,
  kills: 2,
  async open(directory, port) {
    const secured = await SecuredHdfs.start({ port, directory, tokenMs: { renewal: 3000, life: 8000 } });
    const { hdfs, kdc } = secured;
    await kdc.admin(`addprinc -randkey -maxlife "15 seconds" ann`);
    const keytab = await kdc.keytab('ann', 'ann');
    const config = {
      'connector.class': 'hdfs',
      'hdfs.url': hdfs.webUrl,
      'hdfs.kerberosPrincipal': principal,
      'hdfs.kerberosKeytab': keytab,
      'hdfs.krb5Conf': kdc.krb5Conf,
      'hdfs.fileType': 'DataStream',
      'hdfs.rollInterval': '1',
    };
    try {
      // The first login to a cold server takes its time.
      await eventually('a login', 60_000, async () => (await hdfsSink.verify?.(config))?.length === 0);
    } catch (error) {
      await secured.stop();
      throw error;
    }
    return {
      config,
      pause: () => hdfs.kill(),
      resume: () => hdfs.run(),
      stop: () => secured.stop(),
      async read() {
        const login = new KerberosHdfsLogin({ principal, keytabPath: keytab, krb5ConfPath: kdc.krb5Conf });
        const client = new WebHdfsClient({ urls: [hdfs.webUrl], login });
        const seen = new Ledger(records);
        await readFinalLines(client, '/topics/records', (line) => seen.add((JSON.parse(line) as { id: number }).id));
        client.close();
        // A ticket ends after 15 s, so each run of the worker that was longer had to log in again.
        const logins = kdc.logins('ann');
        process.stderr.write(`${logins} logins\n`);
        expect(logins).toBeGreaterThan(4);
        return { kind: 'each', seen };
      },
    };
  },
});

test('a key that is not the KDC’s is said, and stops the task', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kdc-'));
  const kdc = await Kdc.start({ port: 25_338, directory, realm: 'LAKE.TEST' });
  try {
    await kdc.keytab('web', 'HTTP/localhost');
    const keytab = await kdc.keytab('ann', 'ann');
    const config = {
      'hdfs.url': 'http://localhost:25339',
      'hdfs.kerberosPrincipal': 'ann',
      'hdfs.kerberosKeytab': keytab,
      'hdfs.krb5Conf': kdc.krb5Conf,
    };
    const problem = async (options: Record<string, string>): Promise<unknown> =>
      (await hdfsSink.verify?.({ ...config, ...options }))?.map(({ name, message }) => `${name}: ${message}`);
    expect(await problem({})).toEqual([expect.stringMatching(/^hdfs.url: No answer from localhost:25339/)]);
    await kdc.admin('cpw -randkey ann');
    expect(await problem({})).toEqual([
      expect.stringMatching(/^hdfs.kerberosPrincipal: .*ann@LAKE.TEST was refused: the key is wrong/),
    ]);
    expect(await problem({ 'hdfs.kerberosPrincipal': 'bob' })).toEqual([
      expect.stringMatching(/has no key of bob@LAKE.TEST; it has those of ann@LAKE.TEST/),
    ]);
    await kdc.stop();
    expect(await problem({})).toEqual([expect.stringMatching(/^hdfs.url: No KDC of LAKE.TEST answered/)]);
  } finally {
    await kdc.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
