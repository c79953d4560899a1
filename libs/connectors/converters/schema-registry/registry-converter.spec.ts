import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Converter, ConverterType } from '#pipeline/sink-converters';
import { systemClock } from '#std/clock';
import { avroConverter } from '../avro/avro-converter.js';
import { jsonSchemaConverter } from '../json-schema/json-schema-converter.js';

const address = { type: 'record', name: 'Address', namespace: 'shop', fields: [{ name: 'city', type: 'string' }] };
const order = { type: 'record', name: 'Order', fields: [{ name: 'to', type: 'shop.Address' }] };
const priced = {
  type: 'object',
  title: 'Priced',
  properties: {
    id: { type: 'integer', 'connect.type': 'int32' },
    price: {
      type: 'number',
      title: 'org.apache.kafka.connect.data.Decimal',
      'connect.parameters': { scale: '2' },
      'connect.type': 'bytes',
    },
    at: {
      oneOf: [
        { type: 'null' },
        { type: 'integer', title: 'org.apache.kafka.connect.data.Timestamp', 'connect.version': 1 },
      ],
    },
  },
};

/** A registry with a few schemas; `status` other than 200 is its answer to all. */
class FakeRegistry {
  status = 200;
  readonly paths: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  private readonly answers: Readonly<Record<string, object>> = {
    '/schemas/ids/1': {
      schema: JSON.stringify(order),
      references: [{ name: 'shop.Address', subject: 'a/b', version: 2 }],
    },
    '/subjects/a%2Fb/versions/2?deleted=true': { subject: 'a/b', version: 2, id: 9, schema: JSON.stringify(address) },
    '/schemas/ids/2': { schemaType: 'JSON', schema: JSON.stringify(priced) },
    '/schemas/ids/3': { schemaType: 'JSON', schema: '{"type":"object"}' },
  };
  private readonly server: Server = createServer((request, response) => {
    this.paths.push(request.url ?? '');
    this.authorizations.push(request.headers.authorization);
    const found = this.answers[request.url ?? ''];
    response.statusCode = this.status === 200 && found === undefined ? 404 : this.status;
    response.end(JSON.stringify(found ?? { error_code: 40403, message: 'Schema not found' }));
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function framed(id: number, data: Buffer | string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(data)]);
}

const bern = Buffer.concat([Buffer.from([8]), Buffer.from('Bern')]);

describe('a converter with a schema registry', () => {
  const registry = new FakeRegistry();
  let converter: Converter | null = null;

  beforeEach(() => registry.start());

  afterEach(async () => {
    await converter?.stop?.();
    await registry.stop();
    registry.status = 200;
    registry.paths.length = 0;
    registry.authorizations.length = 0;
  });

  function open(type: ConverterType, options: Record<string, string> = {}): Converter {
    converter = type.create(
      { 'schema.registry.url': `http://${registry.url}`, ...options },
      { clock: systemClock, side: 'value' },
    );
    return converter;
  }

  async function prepare(values: readonly Buffer[]): Promise<void> {
    await converter?.prepare?.(values.length, (index) => values[index] ?? null);
  }

  it('reads Avro whose schema refers to another, and asks once', async () => {
    const opened = open(avroConverter);
    const value = framed(1, bern);
    await prepare([value, value]);
    await prepare([value]);
    expect(opened.convert(value)).toMatchObject({ json: { to: { city: 'Bern' } }, schema: { name: 'Order' } });
    expect(registry.paths).toEqual(['/schemas/ids/1', '/subjects/a%2Fb/versions/2?deleted=true']);
  });

  it('reads JSON, with decimals and times in the forms of sinks', async () => {
    const opened = open(jsonSchemaConverter);
    const value = framed(2, '{"id":1,"price":"BNI=","at":1767312000123,"more":[1]}');
    const loose = framed(3, '{"a":12345678901234567890}');
    await prepare([value, loose]);
    expect(opened.convert(value)).toEqual({
      json: { id: 1, price: '12.34', at: '2026-01-02T00:00:00.123Z', more: [1] },
      schema: expect.objectContaining({ type: 'struct', name: 'Priced' }),
    });
    expect(opened.convert(loose)).toMatchObject({ json: { a: 12345678901234567890n } });
  });

  it('checks JSON against its schema where it is told to', async () => {
    const opened = open(jsonSchemaConverter, { 'json.fail.invalid.schema': 'true' });
    const good = framed(2, '{"id":9007199254740993}');
    const bad = framed(2, '{"id":"seven"}');
    await prepare([good, bad]);
    expect(opened.convert(good).json).toEqual({ id: 9007199254740993n });
    expect(() => opened.convert(bad)).toThrow(/schema 2 says: data\/id must be integer/);
  });

  it.each<[string, Buffer, RegExp]>([
    ['an id that nobody knows', framed(77, ''), /has no schema 77/],
    ['a schema of another kind', framed(2, '{}'), /of type JSON, and the converter reads AVRO/],
    ['no frame', Buffer.from('{"a":1}'), /zero byte.*0x7b/],
    ['nothing', Buffer.alloc(0), /0 bytes/],
    ['too little data', framed(1, Buffer.from([8, 66])), /not what schema 1 says/],
    ['too much data', framed(1, Buffer.concat([bern, bern])), /5 bytes are left over/],
  ])('finds %s', async (_what, value, message) => {
    const opened = open(avroConverter);
    await prepare([value]);
    expect(() => opened.convert(value)).toThrow(message);
  });

  it('waits while no address answers, and goes on at the one that does', async () => {
    open(avroConverter, { 'schema.registry.url': `http://127.0.0.1:9,http://${registry.url}` });
    registry.status = 503;
    await expect(prepare([framed(1, bern)])).rejects.toThrow(RetriableSinkError);
    registry.status = 200;
    await prepare([framed(1, bern)]);
    expect(converter?.convert(framed(1, bern)).json).toEqual({ to: { city: 'Bern' } });
  });

  it('fails where the login is refused, without the password', async () => {
    open(avroConverter, {
      'basic.auth.credentials.source': 'USER_INFO',
      'basic.auth.user.info': 'reader:se:cret',
    });
    registry.status = 401;
    const failure = prepare([framed(1, bern)]);
    await expect(failure).rejects.toThrow(FatalSinkError);
    await expect(failure).rejects.not.toThrow(/se:cret/);
    expect(registry.authorizations).toEqual([`Basic ${Buffer.from('reader:se:cret').toString('base64')}`]);
  });

  it('logs in with a token, or with what the address says', async () => {
    open(avroConverter, { 'bearer.auth.credentials.source': 'STATIC_TOKEN', 'bearer.auth.token': 't0' });
    await prepare([framed(1, bern)]);
    await converter?.stop?.();
    open(avroConverter, { 'schema.registry.url': `http://me:pass%21@${registry.url}` });
    await prepare([framed(1, bern)]);
    expect(new Set(registry.authorizations)).toEqual(
      new Set(['Bearer t0', `Basic ${Buffer.from('me:pass!').toString('base64')}`]),
    );
  });

  it('knows halves of a login', () => {
    const options = { 'schema.registry.url': 'http://r', 'basic.auth.credentials.source': 'USER_INFO' };
    expect(avroConverter.check?.(options)).toMatchObject([{ name: 'basic.auth.user.info' }]);
  });
});
