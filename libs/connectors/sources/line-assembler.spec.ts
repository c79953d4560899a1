import { seededRandom } from '#std/random';
import type { EventBatch } from '#pipeline/event-batch';
import { EventBacklog } from './event-backlog.js';
import { LineAssembler } from './line-assembler.js';

function bodies(batch: EventBatch | null): string[] {
  return batch === null ? [] : Array.from({ length: batch.count }, (_, index) => batch.body(index).toString());
}

test('lines are the same however the stream is cut into chunks', () => {
  const random = seededRandom(3);
  const lines = Array.from({ length: 500 }, (_, index) => `${index}${'x'.repeat(Math.floor(random.next() * 40))}`);
  const stream = Buffer.from(`${lines.join('\r\n')}\r\nlast`);
  for (let round = 0; round < 20; round += 1) {
    const assembler = new LineAssembler(1000, true);
    const backlog = new EventBacklog();
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + Math.floor(random.next() * 100);
      backlog.push(assembler.push(stream.subarray(at, end)));
      at = end;
    }
    backlog.push(assembler.finish());
    const seen: string[] = [];
    while (backlog.count > 0) seen.push(...bodies(backlog.take(7)));
    expect(seen).toEqual([...lines, 'last']);
    expect(backlog.bytes).toBe(0);
  }
});

test('an unfinished line over the limit is given up in pieces', () => {
  const assembler = new LineAssembler(10, true);
  const seen = ['123', '456', '789', 'abc', 'd\ne'].flatMap((chunk) => bodies(assembler.push(Buffer.from(chunk))));
  expect([...seen, ...bodies(assembler.finish())]).toEqual(['123456789abc', 'd', 'e']);
});

test('nothing is taken of an empty backlog', () => {
  expect(new EventBacklog().take(5)).toBe(null);
});
