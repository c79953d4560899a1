import { Readable } from 'node:stream';
import { newRecords, type RecordBody } from './new-records.js';

function lines(text: string): RecordBody {
  return Object.assign(Readable.from([Buffer.from(text)]), { is: () => 'application/x-ndjson' });
}
const json: RecordBody = Object.assign(Readable.from([]), { is: () => false as const });

describe('records that are to be written', () => {
  it('are one, a list, or a line each', async () => {
    expect(await newRecords(json, { key: 'a', value: { id: 1 } })).toMatchObject([
      { key: Buffer.from('a'), value: Buffer.from('{"id":1}'), partition: null },
    ]);
    const list = await newRecords(json, [
      { value: 'AQ==', value_encoding: 'base64', partition: 2 },
      { key: 'gone', value: null, headers: { a: 'b' }, timestamp: 7 },
    ]);
    expect(list).toMatchObject([
      { key: null, value: Buffer.from([1]), partition: 2 },
      { key: Buffer.from('gone'), value: null, headers: [{ key: 'a', value: Buffer.from('b') }], timestamp: 7 },
    ]);
    expect(await newRecords(lines('{"value":1}\r\n\n{"value":2}'), undefined)).toHaveLength(2);
  });

  it('are refused as a whole, with the places that are wrong', async () => {
    const wrong = newRecords(lines('{"value":1}\n{"vlaue":2}\nno'), undefined);
    await expect(wrong).rejects.toMatchObject({
      message: 'Record 1: there is neither a key nor a value. Nothing was written.',
      errors: [{ pointer: '/1' }, { pointer: '/2' }],
    });
    await expect(newRecords(json, [])).rejects.toThrow('The body has no record');
    await expect(newRecords(lines('{"value":1}\n'.repeat(10_001)), undefined)).rejects.toThrow(
      /10001 records, at most 10000/,
    );
    await expect(newRecords(lines('x'.repeat(5_000_000)), undefined)).rejects.toThrow(/larger than 4194304 bytes/);
  });
});
