import { parseRecord, prepareRecord } from './record-forms.js';

const nowMs = 1_700_000_000_000;
const prepare = (form: object) => prepareRecord(parseRecord(Buffer.from(JSON.stringify(form))), nowMs);

describe('a record of REST Proxy v3', () => {
  it.each([
    [{ type: 'STRING', data: 'ü' }, 'ü'],
    [{ type: 'JSON', data: { a: [1] } }, '{"a":[1]}'],
    [{ type: 'JSON', data: 'a' }, '"a"'],
    [{ type: 'BINARY', data: 'YQ==' }, 'a'],
    [{ data: 'YQ' }, 'a'],
  ])('with the value %j is written as %s', (value, bytes) => {
    expect(String(prepare({ value }).record.value)).toBe(bytes);
  });

  it.each([[{}], [{ value: null }], [{ value: { type: 'JSON' } }], [{ value: { type: 'BINARY', data: null } }]])(
    'like %j has no value',
    (form) => {
      expect(prepare(form).record.value).toBeNull();
    },
  );

  it('keeps its key, headers, partition and time', () => {
    const { record } = prepare({
      key: { type: 'STRING', data: 'k' },
      partition_id: 2,
      headers: [{ name: 'a', value: 'YQ==' }, { name: 'b' }],
      timestamp: '2026-01-02T03:04:05Z',
    });
    expect(record).toMatchObject({
      key: Buffer.from('k'),
      partition: 2,
      headers: [
        { key: 'a', value: Buffer.from('a') },
        { key: 'b', value: null },
      ],
      timestamp: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
  });

  it.each([
    [{ value: { type: 'AVRO', data: {} } }, /schema registry/],
    [{ value: { schema_id: 1, data: {} } }, /schema registry/],
    [{ value: { type: 'BINARY', data: 'a%' } }, /not base64/],
    [{ value: { type: 'STRING', data: 1 } }, /must be a text/],
    [{ timestamp: 'soon' }, /neither ISO 8601/],
    [{ partition_id: -1 }, /partition_id/],
    [{ value: { type: 'XML', data: '' } }, /value.type/],
  ])('like %j is refused', (form, reason) => {
    expect(() => prepare(form)).toThrow(reason);
  });
});
