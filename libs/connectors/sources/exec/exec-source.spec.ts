import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { createSource, TestContext } from '../source-context.testkit.js';
import { execSource } from './exec-source.js';

let folder: string;
let context: TestContext;
let batches: EventBatch[];
const started: Source[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-exec-'));
  context = new TestContext();
  batches = [];
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
  rmSync(folder, { recursive: true });
});

async function start(options: Readonly<Record<string, string>>): Promise<Source> {
  const source = createSource(execSource, options);
  started.push(source);
  const deliver = context.deliver.bind(context);
  context.deliver = (batch: EventBatch) => {
    batches.push(batch);
    return deliver(batch);
  };
  await source.start(context);
  return source;
}

const shell = { shell: '/bin/sh -c', batchTimeout: '20' };

async function eventually(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${isTrue.toString()}`);
    await systemClock.sleep(5);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that was killed and that nobody has waited for yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a command without shell is split on blanks; its lines come, the last one without line end too', async () => {
  writeFileSync(join(folder, 'a'), Buffer.from([...Buffer.from('one\r\n\n'), 0xff, 10, ...Buffer.from('last')]));
  await start({ command: `cat   ${join(folder, 'a')}` });
  await context.until(4);
  expect(batches.map((batch) => batch.body(2))).toEqual([Buffer.from([0xff])]);
  expect(context.bodies).toEqual(['one', '', '\ufffd', 'last']);
  expect(context.events[0]?.headers).toEqual({});
});

test('with a shell the command is one argument of it', async () => {
  await start({ ...shell, command: 'for i in 1 2; do echo "a  $i" | tr a b; done' });
  await context.until(2);
  expect(context.bodies).toEqual(['b  1', 'b  2']);
});

test('batches hold batchSize lines, and fewer when batchTimeout is over', async () => {
  await start({ ...shell, command: 'seq 1 50; sleep 30', batchTimeout: '100' });
  await context.until(50);
  expect(batches.map((batch) => batch.count)).toEqual([20, 20, 10]);
});

test('a command that ended is run again after restartThrottle only where restart is set', async () => {
  await start({ ...shell, command: 'echo one; exit 3' });
  await eventually(() => context.error !== null);
  expect(messageOf(context.error)).toContain('ended with exit code 3. It is not run again');
  await systemClock.sleep(50);
  expect(context.bodies).toEqual(['one']);
  await start({ ...shell, command: 'echo two', restart: 'true', restartThrottle: '10' });
  await context.until(3);
  expect(context.bodies.slice(0, 3)).toEqual(['one', 'two', 'two']);
});

test('a command that is not there is an error of the source', async () => {
  await start({ command: '/no/such/program -x' });
  await eventually(() => context.error !== null);
  expect(messageOf(context.error)).toContain('The command /no/such/program did not start');
});

test('standard error is logged where logStdErr is set', async () => {
  const logged: string[] = [];
  const logger = { ...context.logger, info: (_: string, fields?: object) => logged.push(JSON.stringify(fields ?? {})) };
  Object.assign(context, { logger });
  await start({ ...shell, command: 'echo oops >&2; echo one', logStdErr: 'true' });
  await context.until(1);
  await eventually(() => logged.includes('{"line":"oops"}'));
});

test('while channels refuse, the batch is kept, the command waits, and then every line comes once', async () => {
  const progress = join(folder, 'progress');
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  // Far more than pipe and backlog hold.
  await start({ ...shell, command: `seq 1 1000000; echo done > ${progress}`, batchSize: '10000' });
  await eventually(() => context.error === context.refusal);
  await systemClock.sleep(200);
  expect(existsSync(progress)).toBe(false);
  context.refusal = null;
  await eventually(() => context.events.length === 1_000_000);
  expect(context.bodies.every((body, index) => body === String(index + 1))).toBe(true);
  await eventually(() => existsSync(progress));
});

test('a stop ends the whole process group, also what ignores a polite signal', async () => {
  const source = await start({
    ...shell,
    command: 'trap "" TERM; sleep 60 & echo $!; sh -c \'trap "" TERM; echo $$; while :; do sleep 1; done\' & wait',
  });
  await context.until(2);
  const pids = context.bodies.map(Number);
  expect(pids.map(isAlive)).toEqual([true, true]);
  await source.stop();
  await eventually(() => !pids.some(isAlive));
});

test('a stop delivers what was read, and counts what channels then refuse', async () => {
  const source = await start({ shell: '/bin/sh -c', command: 'echo one; sleep 60', batchTimeout: '60000' });
  await systemClock.sleep(150);
  expect(context.bodies).toEqual([]);
  await source.stop();
  expect(context.bodies).toEqual(['one']);
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  const other = await start({ ...shell, command: 'echo two; sleep 60' });
  await eventually(() => context.error !== null);
  await other.stop();
  expect(context.counters.get('EventDroppedCount')).toBe(1);
});

test('a line over maxLineBytes comes in pieces', async () => {
  await start({ ...shell, command: "head -c 300000 /dev/zero | tr '\\0' x", maxLineBytes: '100000' });
  await eventually(() => context.bodies.join('').length === 300_000);
  expect(Math.max(...context.bodies.map((body) => body.length))).toBeLessThan(200_000);
});
