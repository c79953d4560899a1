import { otlpSchema } from './otlp-schema.js';

/** Requests and answers in one of the two encodings of the protocol. */
export interface OtlpCodec {
  readonly contentType: string;
  /** Throws on what is no request. What it gives is checked no further. */
  decode(body: Buffer): unknown;
  encode(message: 'ExportLogsServiceResponse' | 'Status', value: Readonly<Record<string, unknown>>): Buffer;
}

export const jsonCodec: OtlpCodec = {
  contentType: 'application/json',
  decode: (body) => JSON.parse(body.toString('utf8')) as unknown,
  encode: (_, value) => Buffer.from(JSON.stringify(value)),
};

/** Loads the library of Protocol Buffers, which other processes do without. */
export async function loadProtobufCodec(): Promise<OtlpCodec> {
  const { default: protobuf } = await import('protobufjs/light.js');
  const root = protobuf.Root.fromJSON(otlpSchema);
  const request = root.lookupType('ExportLogsServiceRequest');
  return {
    contentType: 'application/x-protobuf',
    // Numbers of 64 bits become texts, as in JSON.
    decode: (body) => request.toObject(request.decode(body), { longs: String }),
    encode: (message, value) => {
      const type = root.lookupType(message);
      return Buffer.from(type.encode(type.fromObject(value)).finish());
    },
  };
}
