import fc from 'fast-check';
import { apis } from './apis.js';
import { WireError } from './errors.js';
import { decodeRequest, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './frame.js';
import type { Api } from './schema.js';
import { arbitraryBody } from './testing/arbitrary-body.testkit.js';

const served: { name: string; api: Api; version: number }[] = Object.values(apis).flatMap((api: Api) =>
  Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, index) => ({
    name: api.name,
    api,
    version: api.minVersion + index,
  })),
);
const runs = { numRuns: 15 };

function requestFrame(api: Api, version: number, body: Record<string, unknown>): Buffer {
  return Buffer.concat(encodeRequest(api, version, { correlationId: 1, clientId: 'spec' }, body)).subarray(4);
}

describe('every version of every message', () => {
  it.each(served)('$name $version comes back as it was written', ({ api, version }) => {
    const request = fc.property(arbitraryBody(api.request.fields, version), (body) => {
      const frame = requestFrame(api, version, body);
      const header = decodeRequestHeader(frame);
      expect(decodeRequest(api, header.apiVersion, frame, header.bodyAt)).toEqual(body);
    });
    const response = fc.property(arbitraryBody(api.response.fields, version), (body) => {
      const frame = Buffer.concat(encodeResponse(api, version, 9, body)).subarray(4);
      expect(decodeResponse(api, version, frame)).toEqual({ correlationId: 9, body });
    });
    fc.assert(request, runs);
    fc.assert(response, runs);
  });

  it.each(served)('$name $version takes its defaults for what is left out', ({ api, version }) => {
    const frame = requestFrame(api, version, {});
    const body = decodeRequest(api, version, frame, decodeRequestHeader(frame).bodyAt);
    expect(decodeRequest(api, version, requestFrame(api, version, body), decodeRequestHeader(frame).bodyAt)).toEqual(
      body,
    );
  });

  it.each(served)(
    '$name $version refuses cut and damaged bytes with a WireError, and reads nothing past them',
    ({ api, version }) => {
      const damage = fc.record({ at: fc.nat(), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), cut: fc.nat() });
      fc.assert(
        fc.property(arbitraryBody(api.request.fields, version), damage, (body, { at, byte, cut }) => {
          const frame = requestFrame(api, version, body);
          const { bodyAt } = decodeRequestHeader(frame);
          const whole = frame.length - bodyAt;
          expectWireErrorOrValue(() =>
            decodeRequest(api, version, frame.subarray(0, bodyAt + (cut % (whole + 1))), bodyAt),
          );
          const damaged = Buffer.from(frame);
          if (whole > 0) damaged[bodyAt + (at % whole)] = byte;
          expectWireErrorOrValue(() => decodeRequest(api, version, damaged, bodyAt));
        }),
        runs,
      );
    },
  );
});

function expectWireErrorOrValue(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
}

describe('a claimed length', () => {
  it.each([
    ['an array', apis.metadata, 1, Buffer.from('7fffffff', 'hex')],
    ['a compact array', apis.metadata, 9, Buffer.from('ffffffff0f', 'hex')],
    ['a compact text', apis.heartbeat, 4, Buffer.from('ffffffff0f', 'hex')],
    ['a text', apis.heartbeat, 0, Buffer.from('7fff', 'hex')],
    [
      'bytes',
      apis.joinGroup,
      0,
      Buffer.from('0001610000000000000001610000000100016 17fffffff'.replaceAll(' ', ''), 'hex'),
    ],
  ])('of %s larger than the frame is refused before anything is allocated', (_, api: Api, version, body) => {
    expect(() => decodeRequest(api, version, body, 0)).toThrow(WireError);
  });

  it('of a million empty texts is the most a request may hold', () => {
    const texts = (count: number) => Buffer.concat([varint(count + 1), Buffer.alloc(count, 1), Buffer.alloc(1)]);
    expect(decodeRequest(apis.listGroups, 4, texts(1_000_000), 0).statesFilter.length).toBe(1_000_000);
    expect(() => decodeRequest(apis.listGroups, 4, texts(1_000_001), 0)).toThrow('too many elements');
  });

  it('that stands for null is refused where null is not allowed', () => {
    expect(() => decodeRequest(apis.heartbeat, 0, Buffer.from('ffff', 'hex'), 0)).toThrow(WireError);
  });
});

describe('a null', () => {
  it('is not written where the version has none', () => {
    const header = { correlationId: 1, clientId: null };
    expect(() => encodeRequest(apis.metadata, 0, header, { topics: null })).toThrow('topics cannot be null');
    expect(encodeRequest(apis.metadata, 1, header, { topics: null }).length).toBe(1);
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest >>>= 7) bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.from(bytes);
}
