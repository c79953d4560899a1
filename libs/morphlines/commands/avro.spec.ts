import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { readContainer, writeContainer } from '../avro/avro-container.js';
import { avroType } from '../avro/avro-types.js';
import { jsonDocuments } from '../avro/json-documents.js';
import { tryCommands } from '../morphline.testkit.js';

const schema =
  '{"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"b","type":["null","bytes"],"default":null}]}';
const type = avroType(schema);
const values = [
  { id: 9_007_199_254_740_993n, b: null },
  { id: -1n, b: { bytes: Buffer.from('x') } },
];
const noMetadata = new Map<string, string>();

describe('Avro containers', () => {
  it.each(['null', 'deflate', 'snappy', 'zstandard', null] as const)(
    'are read as they were written, codec %s',
    (codec) => {
      const bytes = writeContainer({ type, values, codec, metadata: new Map([['made.by', 'a spec']]) });
      expect([...readContainer(bytes, null)].map(({ value }) => ({ ...(value as object) }))).toEqual(values);
    },
  );

  it('that are damaged say where', () => {
    const bytes = writeContainer({ type, values, codec: null, metadata: noMetadata });
    const cut = bytes.subarray(0, bytes.length - 20);
    expect(() => [...readContainer(cut, null)]).toThrow(/damaged at byte \d+|ends too early/);
    expect(() => [...readContainer(Buffer.from('Obj'), null)]).toThrow('not an Avro container file');
    for (let length = 4; length < bytes.length; length += 1) {
      expect(() => [...readContainer(bytes.subarray(0, length), null)]).not.toThrow(RangeError);
    }
  });

  it('do not unpack a block beyond their bound', () => {
    const bytes = writeContainer({ type, values, codec: 'deflate', metadata: noMetadata });
    const bomb = deflateRawSync(Buffer.alloc(300 * 1024 * 1024));
    const sync = bytes.subarray(bytes.length - 16);
    const size = avroType('"int"').toBuffer(bomb.length);
    const head = bytes.subarray(0, bytes.indexOf(sync) + 16);
    const file = Buffer.concat([head, Buffer.from([2]), size, bomb, sync]);
    expect(() => [...readContainer(file, null)]).toThrow(/Cannot create a Buffer larger/);
  });
});

describe('readAvroContainer', () => {
  it('keeps exact longs and bytes', async () => {
    const container = writeContainer({ type, values, codec: 'snappy', metadata: noMetadata });
    const { records } = await tryCommands('{ readAvroContainer {} }, { extractAvroTree {} }', {
      _attachment_body: container,
    });
    expect(records.map((record) => [record['/id'], record['/b']])).toEqual([
      [['9007199254740993'], undefined],
      [['-1'], ['x']],
    ]);
  });

  it('says what is wrong with what it reads', async () => {
    await expect(tryCommands('{ readAvroContainer {} }', { _attachment_body: 'text' })).rejects.toThrow(
      'readAvroContainer: not an Avro container file',
    );
  });
});

describe('JSON texts one after another', () => {
  it('are cut at their ends', () => {
    expect([...jsonDocuments('{"a":"}{"} {"b":[{}]}\n[1]')].map((text) => text.trim())).toEqual([
      '{"a":"}{"}',
      '{"b":[{}]}',
      '[1]',
    ]);
    expect([...jsonDocuments('{"a":1} rest')]).toEqual(['{"a":1}', ' rest']);
  });
});

describe('geoIP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-geo-'));
  const path = join(folder, 'test.mmdb');
  beforeAll(() => writeFileSync(path, database()));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives what the database has of an address, with both orders of its coordinates', async () => {
    const { result, records } = await tryCommands(
      `{ geoIP { inputField : ip, database : "${path}" } }, { extractJsonPaths { paths : { city : /city, pair : /location/latitude_longitude, other : /location/longitude_latitude } } }, { removeFields { blacklist : ["literal:_attachment_body"] } }`,
      { ip: '10.1.2.3' },
    );
    expect(result).toBe(true);
    expect(records).toEqual([{ ip: ['10.1.2.3'], city: ['Town'], pair: ['1.5,2.0'], other: ['2.0,1.5'] }]);
  });

  it.each([['200.1.2.3'], ['no address'], [[]]])('fails %j', async (ip) => {
    const { result } = await tryCommands(`{ geoIP { inputField : ip, database : "${path}" } }`, { ip });
    expect(result).toBe(false);
  });

  it('says when the database cannot be read', async () => {
    await expect(tryCommands('{ geoIP { inputField : ip, database : "/nowhere.mmdb" } }', {})).rejects.toThrow(
      'geoIP: database: ENOENT',
    );
  });
});

/** A MaxMind database of one node: what begins with a 0 bit is in Town, the rest is unknown (MaxMind DB format 2.0). */
function database(): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x40 | value.length]), Buffer.from(value)]);
  const map = (...pairs: Buffer[]): Buffer => Buffer.concat([Buffer.from([0xe0 | (pairs.length / 2)]), ...pairs]);
  const number = (value: number): Buffer => Buffer.from([0xc1, value]);
  const double = (value: number): Buffer => {
    const bytes = Buffer.alloc(9);
    bytes[0] = 0x68;
    bytes.writeDoubleBE(value, 1);
    return bytes;
  };
  const place = map(text('latitude'), double(1.5), text('longitude'), double(2));
  const data = map(text('city'), text('Town'), text('location'), place);
  const nodeCount = 1;
  // Left: the first entry of the data, right: nothing. A record counts the 16 zero bytes between the tree and the data.
  const tree = Buffer.from([0, 0, nodeCount + 16, 0, 0, nodeCount]);
  const metadata = map(
    ...[text('node_count'), number(nodeCount), text('record_size'), number(24), text('ip_version'), number(4)],
    ...[text('binary_format_major_version'), number(2), text('binary_format_minor_version'), number(0)],
    ...[text('build_epoch'), number(1), text('database_type'), text('Test')],
    ...[text('languages'), Buffer.from([0x00, 0x04]), text('description'), map()],
  );
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    data,
    Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1'),
    metadata,
  ]);
}
