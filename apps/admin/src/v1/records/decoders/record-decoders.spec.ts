import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import avro from 'avsc';
import { writeContainer } from '#morphlines/avro/avro-container';
import { systemClock } from '#std/clock';
import { hexDump, RecordDecoders, type DecoderName } from './record-decoders.js';

const place = { topic: 'orders', side: 'value' } as const;
const town: avro.schema.RecordType = { type: 'record', name: 'Town', fields: [{ name: 'town', type: 'string' }] };
const proto = `syntax = "proto3"; package shop; import "google/protobuf/timestamp.proto";
  message Order { int64 id = 1; string city = 2; Kind kind = 3; google.protobuf.Timestamp at = 4; message Line { int32 count = 1; } }
  message Other { bool ok = 1; } enum Kind { NONE = 0; BIG = 1; }`;
/** id 9007199254740993, city "Bern", kind BIG. */
const order = Buffer.from('0881808080808080101204426572' + '6e1801', 'hex');

function framed(id: number, data: Buffer | string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(data)]);
}

describe('decoders of records', () => {
  let folder: string;
  let registry: Server;
  const asked: string[] = [];
  const schemas: Readonly<Record<string, object>> = {
    '/schemas/ids/1': { schema: JSON.stringify(town) },
    '/schemas/ids/2': { schemaType: 'JSON', schema: '{"type":"object"}' },
    '/schemas/ids/3': { schemaType: 'PROTOBUF', schema: proto },
  };
  const open: RecordDecoders[] = [];
  const decoders = (hasRegistry = false): RecordDecoders => {
    const registryUrl = hasRegistry ? `http://127.0.0.1:${(registry.address() as AddressInfo).port}` : null;
    const made = new RecordDecoders({ registryUrl, dataDirectory: folder, clock: systemClock });
    open.push(made);
    return made;
  };
  const auto = async (bytes: Buffer, from = decoders()): Promise<unknown> => {
    await from.prepare(place.topic, [bytes]);
    return from.auto(bytes, place);
  };
  const problemOf = async (decoder: DecoderName, bytes: Buffer, from = decoders()): Promise<string | null> => {
    const { decodings } = await from.all(bytes, place);
    return decodings.find((each) => each.decoder === decoder)?.problem ?? null;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-decoders-'));
    registry = createServer((request, response) => {
      asked.push(request.url ?? '');
      const found = schemas[request.url ?? ''];
      response.statusCode = found === undefined ? 404 : 200;
      response.end(JSON.stringify(found ?? { error_code: 40403, message: 'Schema not found' }));
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    for (const made of open) made.onModuleDestroy();
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it('knows MessagePack that is read to its end, and takes no single number for it', async () => {
    expect(
      await auto(Buffer.from(encode({ at: [1, 2n ** 60n], raw: Buffer.from([1]) }, { useBigInt64: true }))),
    ).toEqual({
      decoder: 'msgpack',
      value: { at: [1, '1152921504606846976'], raw: 'AQ==' },
      detail: 'read to its end',
    });
    expect(await auto(Buffer.from([0xc3]))).toBeNull();
    expect(await problemOf('msgpack', Buffer.from([0x81, 0xa1, 0x61]))).not.toBeNull();
  });

  it('reads Avro container files', async () => {
    const type = avro.Type.forSchema(town);
    const values = [{ town: 'Bern' }, { town: 'Chur' }];
    const bytes = writeContainer({ type, values, codec: 'deflate', metadata: new Map() });
    expect(await auto(bytes)).toEqual({ decoder: 'avro', value: values, detail: 'container file, values: 2' });
  });

  it('reads what a registry’s schemas say, of three kinds, and asks once for each', async () => {
    const from = decoders(true);
    const bern = framed(1, Buffer.concat([Buffer.from([8]), Buffer.from('Bern')]));
    expect(await auto(bern, from)).toMatchObject({ decoder: 'avro', value: { town: 'Bern' }, detail: /schema 1 / });
    expect(await auto(framed(2, '{"a":1}'), from)).toMatchObject({ decoder: 'json', value: { a: 1 } });
    expect(await auto(framed(3, Buffer.concat([Buffer.from([0]), order])), from)).toMatchObject({
      decoder: 'protobuf',
      value: { id: '9007199254740993', city: 'Bern', kind: 'BIG' },
    });
    expect(await auto(framed(3, Buffer.from([2, 2, 8, 1])), from)).toMatchObject({ value: { ok: true } });
    await auto(bern, from);
    expect(asked.filter((path) => path === '/schemas/ids/1')).toHaveLength(1);
    expect(await problemOf('avro', framed(77, 'x'), from)).toBe('the schema registry has no schema 77');
    expect(await problemOf('avro', framed(1, 'x'), from)).toMatch(/not what schema 1 says/);
  });

  it('says why a schema can not be had without a registry', async () => {
    expect(await problemOf('avro', framed(7, 'x'))).toMatch(
      /with schema 7; the schema is in a registry, and none is configured/,
    );
    expect(await problemOf('avro', Buffer.from('{}'))).toMatch(/begin neither as a container file .* 7b 7d …$/);
  });

  it('reads Protobuf by the descriptor of its topic, and without one shows fields by number', async () => {
    const bare = await decoders().all(order, place);
    expect(bare.chosen).toBe('hex');
    expect(bare.decodings.find(({ decoder }) => decoder === 'protobuf')).toMatchObject({
      text: JSON.stringify({ 1: '9007199254740993', 2: 'Bern', 3: 1 }, null, 2),
      detail: expect.stringContaining('there is no protobuf/orders.proto'),
    });
    await mkdir(join(folder, 'protobuf'), { recursive: true });
    await writeFile(join(folder, 'protobuf', 'orders.proto'), proto);
    expect(await auto(order)).toMatchObject({ decoder: 'protobuf', value: { city: 'Bern', kind: 'BIG' } });
    await writeFile(join(folder, 'protobuf', 'orders.proto'), 'message {');
    const broken = await decoders().all(order, place);
    expect(broken.decodings.find(({ decoder }) => decoder === 'protobuf')?.detail).toMatch(/can not be read/);
  });

  it('takes text for text, and JSON as it came where parsing would round it', async () => {
    const exact = await decoders().all(Buffer.from('{"id": 9007199254740993}'), place);
    expect(exact.chosen).toBe('json');
    expect(exact.decodings.find(({ decoder }) => decoder === 'json')?.text).toBe('{"id": 9007199254740993}');
    expect((await decoders().all(Buffer.from('12'), place)).chosen).toBe('text');
    expect((await decoders().all(Buffer.from([0xff]), place)).chosen).toBe('hex');
  });

  it('dumps bytes in rows of sixteen', () => {
    expect(hexDump(Buffer.from('a record of 17 b\n'))).toBe(
      '00000000  61 20 72 65 63 6f 72 64 20 6f 66 20 31 37 20 62  a record of 17 b\n' +
        `00000010  0a${' '.repeat(45)}  .`,
    );
  });
});
