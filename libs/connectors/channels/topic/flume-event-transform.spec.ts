import { testBatch } from '#connectors/plugins/sink-kit';
import { EventBatch } from '#pipeline/event-batch';
import { RecordSide, TransformRecords } from '#pipeline/transforms/transform-records';
import { encodeAvroFlumeEvents } from './avro-flume-event.js';
import { flumeEventTransform } from './flume-event-transform.js';

describe('AvroFlumeEvents on their way into a sink task', () => {
  const encoded = encodeAvroFlumeEvents(
    EventBatch.of([
      { body: Buffer.from('one'), headers: { host: 'a', level: 'info' } },
      { body: Buffer.from([0xff, 0]), headers: {} },
    ]),
  );

  function recordsOf(values: readonly (Buffer | null)[]): TransformRecords {
    const batch = testBatch(
      'logs',
      0,
      values.map(() => ({ value: null, headers: { kept: 'no' } })),
    );
    const none = new RecordSide(() => null, null, values.length);
    return new TransformRecords(batch, none, new RecordSide((index) => values[index] ?? null, null, values.length));
  }

  it('become bodies and headers', async () => {
    const records = recordsOf([encoded.body(0), encoded.body(1)]);
    await flumeEventTransform.apply(records);
    expect([records.value.bytes(0), records.value.bytes(1)]).toEqual([Buffer.from('one'), Buffer.from([0xff, 0])]);
    expect([records.header(0, 'host'), records.header(0, 'level'), records.header(0, 'kept')]).toEqual([
      'a',
      'info',
      null,
    ]);
    expect(records.headers(1)).toEqual([]);
  });

  it.each([
    ['a plain record', Buffer.from('plain text')],
    ['no value', null],
  ])('are no longer looked for in %s, which fails alone', async (_case, value) => {
    const records = recordsOf([encoded.body(0), value]);
    await flumeEventTransform.apply(records);
    expect(records.failures).toMatchObject([
      { index: 1, stage: 'TRANSFORMATION', error: { message: expect.stringContaining('parseAsFlumeEvent=false') } },
    ]);
    expect(records.value.bytes(0)).toEqual(Buffer.from('one'));
  });
});
