import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../flows/product.js';
import { Child } from '../peers/child.js';
import { startService, values } from './service.js';

const run = promisify(execFile);
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** A program of `clients/` around a client library; all of them know the same commands. */
export interface ForeignClient {
  readonly command: string;
  readonly args: readonly string[];
}

export interface ForeignClientOptions {
  readonly topicsPort: number;
  readonly httpPort: number;
  /** Builds or installs the program. */
  readonly prepare: () => Promise<ForeignClient>;
  /** Names of further group protocols that `GROUP_PROTOCOL` can ask for. */
  readonly protocols?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The tests that every client in another language passes: admin, codecs, a group that grows and loses a member, transactions. */
export function exerciseForeignClient(name: string, options: ForeignClientOptions): void {
  let client: ForeignClient;
  let service: Awaited<ReturnType<typeof startService>>;
  const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`));

  beforeAll(async () => {
    client = await options.prepare();
    service = await startService({ topicsPort: options.topicsPort, httpPort: options.httpPort });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const env = (more: Readonly<Record<string, string>> = {}) => ({
    ...options.env,
    BOOTSTRAP: service.product.bootstrap,
    ...more,
  });

  async function call(...words: string[]): Promise<string[]> {
    const { stdout } = await run(client.command, [...client.args, ...words], {
      env: { ...process.env, ...env() },
      timeout: 90_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout.split('\n').filter((line) => line !== '');
  }

  const consumer = (member: string, topic: string, group: string, more: Readonly<Record<string, string>> = {}) =>
    new Child({
      command: client.command,
      args: [...client.args, 'consume', topic, group],
      env: env(more),
      logPath: join(folder, `${group}-${member}.out`),
    });

  test(`${name} makes, describes, configures, widens, trims and deletes topics`, async () => {
    const told = await call('admin', `${name}-made`, '4');
    expect(told).toEqual(['retention.ms 60000', 'partitions 4 3 trimmed 2', 'deleted true kept true']);
    expect(await service.product.admin.describeConfigs(`${name}-made`)).toContainEqual(
      expect.objectContaining({ name: 'retention.ms', value: '-1' }),
    );
  });

  test.each(['classic', ...(options.protocols ?? [])])(
    `${name} produces with each codec to a group of two that loses one (%s protocol)`,
    async (protocol) => {
      const { admin } = service.product;
      const topic = `${name}-${protocol}`;
      const group = `${name}-${protocol}`;
      await admin.createTopic({ name: topic, partitions: 4 });
      const more: Record<string, string> = protocol === 'classic' ? {} : { GROUP_PROTOCOL: protocol };
      const [first, second] = [consumer('one', topic, group, more), consumer('two', topic, group, more)];
      const all = [first, second];
      const printed = () => all.flatMap(linesOf);
      // Both have to get something, so more comes until both have: a member may still be on its way in.
      let sent = 0;
      await eventually('records at both', 90_000, async () => {
        for (const codec of codecs) await call('produce', topic, codec, '100');
        sent += 500;
        await eventually('all records', 30_000, () => printed().length >= sent);
        return all.every((member) => linesOf(member).length > 0);
      });
      expect(new Set(printed())).toEqual(new Set(codecs.flatMap((codec) => values(codec, 100))));

      const before = linesOf(second).length;
      await first.kill();
      await call('produce', topic, 'none', '200');
      // The one that is left takes the partitions over when the session of the other is out.
      await eventually('all records at one', 90_000, () => {
        const seen = new Set(linesOf(second).slice(before));
        return values('none', 200).every((value) => seen.has(value));
      });
      await second.stop();
      await call('produce', topic, 'none', '25');
      const lag = await admin.groupLag(group);
      expect(lag.reduce((sum, place) => sum + (place.lag ?? 0), 0)).toBe(25);
    },
  );

  test(`${name} commits and aborts transactions, with offsets in them`, async () => {
    const { admin } = service.product;
    const [source, target, group] = [`${name}-source`, `${name}-target`, `${name}-transfer`];
    await admin.createTopic({ name: source, partitions: 1 });
    await admin.createTopic({ name: target, partitions: 3 });
    await call('produce', source, 'none', '100');
    await call('transactions', target, `${name}-transactions`, '10', source, group);
    const expected = (outcome: string, odd: number) =>
      Array.from({ length: 5 }, (_, n) => values(`${outcome}-${n * 2 + odd}`, 10)).flat();
    expect((await call('read', target, 'read_committed')).sort()).toEqual(expected('committed', 0).sort());
    const everything = [...expected('committed', 0), ...expected('aborted', 1)];
    expect((await call('read', target, 'read_uncommitted')).sort()).toEqual(everything.sort());
    const [moved] = await admin.groupOffsets(group);
    expect(moved).toMatchObject({ topic: source, partition: 0 });
    expect(moved?.offset).toBeGreaterThan(0);
  });
}

function linesOf(consumer: Child): string[] {
  return consumer
    .output()
    .split('\n')
    .filter((line) => /^(none|gzip|snappy|lz4|zstd)-\d+$/.test(line));
}
