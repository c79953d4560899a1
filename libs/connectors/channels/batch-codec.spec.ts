import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventBatch } from '#pipeline/event-batch';
import { countOf, decodeBatch, encodeBatch } from './batch-codec.js';

const eventsOf = (batch: EventBatch) =>
  Array.from({ length: batch.count }, (_, index) => ({
    body: batch.body(index).toString('hex'),
    headers: batch.headersOf(index),
  }));

/** A batch whose bodies lie anywhere in one buffer. */
const anyBatch = fc
  .record({
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    cuts: fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { maxLength: 20 }),
    shared: fc.string(),
    column: fc.array(fc.option(fc.string()), { minLength: 20, maxLength: 20 }),
  })
  .map(({ bytes, cuts, shared, column }) => {
    const spans = cuts.map(([left, right]) => [left % bytes.length, right % bytes.length].toSorted((a, b) => a - b));
    return new EventBatch(
      Buffer.from(bytes),
      Int32Array.from(spans, ([start]) => start ?? 0),
      Int32Array.from(spans, ([, end]) => end ?? 0),
      new Map<string, string | readonly (string | null)[]>([
        ['shared', shared],
        ['own', column.slice(0, spans.length)],
      ]),
    );
  });

describe('batch codec', () => {
  it('gives back what was encoded, wherever the bodies lie', () => {
    fc.assert(
      fc.property(anyBatch, (batch) => {
        const bytes = encodeBatch(batch);
        expect(eventsOf(decodeBatch(bytes))).toEqual(eventsOf(batch));
        expect(countOf(bytes)).toBe(batch.count);
      }),
    );
  });

  it('keeps lines of a file with four bytes a line more than they have', () => {
    const text = Buffer.from('one\ntwo\n\nfour\n');
    const batch = new EventBatch(text, Int32Array.of(0, 4, 8, 9), Int32Array.of(3, 7, 8, 13));
    const bytes = encodeBatch(batch);
    expect(bytes.length).toBe(16 + 4 * 4 + 13);
    expect(eventsOf(decodeBatch(bytes)).map(({ body }) => Buffer.from(body, 'hex').toString())).toEqual([
      'one',
      'two',
      '',
      'four',
    ]);
  });

  it('refuses bytes that are cut or of another version, and never reads past them', () => {
    const bytes = encodeBatch(EventBatch.of([{ body: Buffer.from('body'), headers: { a: 'b' } }]));
    expect(() => decodeBatch(Buffer.concat([Buffer.from([9]), bytes.subarray(1)]))).toThrow('format 9');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        try {
          decodeBatch(damaged.subarray(0, bytes.length));
        } catch (error) {
          expect((error as Error).name).toBe('MillraceError');
        }
      }),
    );
  });
});
