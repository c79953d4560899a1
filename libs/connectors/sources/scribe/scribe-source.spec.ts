import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { thriftType } from '#wire/flume/thrift-types';
import { createWriter } from '#wire/flume/thrift-writer';
import { RpcPeer } from '../rpc/rpc-peer.testkit.js';
import { eventually } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { scribeSource } from './scribe-source.js';

let context: TestContext;
let source: Source | null = null;
let peer: RpcPeer | null = null;
let answers = '';

beforeEach(async () => {
  context = new TestContext();
  answers = '';
  source = createSource(scribeSource, { port: '0', maxReadBufferBytes: '10000' });
  await source.start(context);
  peer = await RpcPeer.connect(source, (chunk) => (answers += chunk.toString('hex')));
});
afterEach(async () => {
  peer?.close();
  await source?.stop();
});

function log(entries: readonly (readonly [category: string, message: string])[]): Buffer {
  const writer = createWriter('binary');
  writer.head({ name: 'Log', kind: 1, sequence: 5 });
  writer.field(thriftType.list, 1, 0);
  writer.list(thriftType.struct, entries.length);
  for (const [category, message] of entries) {
    writer.field(thriftType.binary, 1, 0);
    writer.text(category);
    writer.field(thriftType.binary, 2, 1);
    writer.text(message);
    writer.stop();
  }
  writer.stop();
  return writer.finish();
}

const answerOf = (result: number): string => `0000001780010002000000034c6f6700000005080000${'0000000'}${result}00`;

test('entries are one delivery, their category a header, and answered OK', async () => {
  peer?.send(
    log([
      ['web', 'a'],
      ['db', 'ü'],
    ]),
  );
  await eventually(() => answers.length > 0);
  expect(answers).toBe(answerOf(0));
  expect(context.events).toEqual([
    { headers: { category: 'web' }, body: 'a' },
    { headers: { category: 'db' }, body: 'ü' },
  ]);
});

test.each([
  ['the channels refuse', new ChannelError(pipelineErrors.channelFull, 'full')],
  ['something else goes wrong', new Error('an interceptor failed')],
])('where %s the answer is TRY_LATER', async (_, refusal) => {
  context.refusal = refusal;
  peer?.send(log([['web', 'a']]));
  await eventually(() => answers.length > 0);
  expect(answers).toBe(answerOf(1));
  expect(context.error).toBe(refusal);
});

test('a call that is too large ends its connection', async () => {
  peer?.send(log([['web', 'x'.repeat(10_000)]]));
  await eventually(() => peer?.isClosed === true);
  expect(context.counters.get('EventReadFail')).toBe(1);
});

test('without a host it listens on the loopback only', () => {
  expect(scribeSource.check?.({})).toEqual([]);
  expect(scribeSource.check?.({ host: '0.0.0.0' })?.map(({ option }) => option)).toEqual(['host']);
});
