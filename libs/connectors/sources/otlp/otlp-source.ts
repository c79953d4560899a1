/**
 * OpenTelemetry logs over HTTP (OTLP/HTTP 1.x): POST to `/v1/logs` in Protocol Buffers or JSON, also compressed. Not in Flume.
 *
 * A request is one transaction. 200 says that every required channel has it; records that are no events are counted and named in
 * `partialSuccess`, and are not sent again. 400 for what is no request, 503 with Retry-After where the channels refuse.
 */
import type { IncomingMessage } from 'node:http';
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentType, Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import { serverTls } from '../../tls/component-tls.js';
import { unpacked, UnpackedSizeError } from '../http/content-encoding.js';
import { bodyOf, HttpListener, type HttpAnswer, type TakeBytes } from '../http/http-listener.js';
import { checkHttpListener, httpListenerOptions } from '../http/http-options.js';
import { jsonCodec, loadProtobufCodec, type OtlpCodec } from './otlp-codec.js';
import { readRecords, type OtlpRecords } from './otlp-records.js';

export const otlpOptions = defineOptions({
  ...httpListenerOptions,
  port: { ...httpListenerOptions.port, required: false, default: 4318 },
  path: { type: 'string', default: '/v1/logs', doc: 'The path that requests go to.' },
  maxRecordBytes: {
    type: 'int',
    default: 1024 * 1024,
    min: 1,
    unit: 'bytes',
    doc: 'A record with a larger body is rejected, the others of its request are not.',
  },
});

export const otlpSource: ComponentType<Source> = {
  name: 'otlp',
  classNames: [],
  doc: 'Takes OpenTelemetry logs over HTTP.',
  options: otlpOptions,
  check: (options) => checkHttpListener(requireOptions('source', otlpOptions, options)),
  create: (input) => new OtlpSource(requireOptions(`source ${input.name}`, otlpOptions, input.options)),
};

/** Codes of google.rpc.Status. */
const invalidArgument = 3;
const notFound = 5;
const unavailable = 14;
const internal = 13;

class OtlpSource implements Source {
  private readonly listener: HttpListener;
  private protobuf: OtlpCodec | null = null;
  private wasRefused = false;

  constructor(private readonly options: OptionValues<typeof otlpOptions>) {
    this.listener = new HttpListener({
      ...options,
      login: options,
      tls: () => serverTls(options),
      serve: (request, take, context) => this.serve(request, take, context),
    });
  }

  get port(): number {
    return this.listener.port;
  }

  async start(context: SourceContext): Promise<void> {
    this.protobuf ??= await loadProtobufCodec();
    await this.listener.start(context);
  }

  stop(): Promise<void> {
    return this.listener.stop();
  }

  private async serve(request: IncomingMessage, take: TakeBytes, context: SourceContext): Promise<HttpAnswer> {
    const codec = this.codecOf(request.headers['content-type'] ?? '');
    if (codec === null) return { status: 415, body: '' };
    if (request.url?.split('?')[0] !== this.options.path) {
      return refusal(codec, { status: 404, code: notFound, message: `Logs go to ${this.options.path}.` });
    }
    if (request.method !== 'POST') return { status: 405, headers: { Allow: 'POST' }, body: '' };
    const body = await bodyOf(request, take, { bytesMax: this.options.maxBodyBytes });
    if (!Buffer.isBuffer(body)) {
      const message = String(body.body).trim();
      return refusal(codec, {
        status: body.status,
        code: body.status === 503 ? unavailable : invalidArgument,
        message,
      });
    }
    const records = await this.read(codec, body, request.headers['content-encoding'], context);
    return 'status' in records ? records : await this.deliver(codec, records, context);
  }

  private async read(
    codec: OtlpCodec,
    body: Buffer,
    encoding: string | undefined,
    context: SourceContext,
  ): Promise<OtlpRecords | HttpAnswer> {
    try {
      const plain = await unpacked(body, encoding, this.options.maxBodyBytes);
      return plain === null ? { status: 415, body: '' } : readRecords(codec.decode(plain), this.options.maxRecordBytes);
    } catch (error) {
      context.count('EventReadFail', 1);
      const status = error instanceof UnpackedSizeError ? 413 : 400;
      return refusal(codec, { status, code: invalidArgument, message: messageOf(error) });
    }
  }

  private codecOf(contentType: string): OtlpCodec | null {
    const type = contentType.split(';')[0]?.trim().toLowerCase();
    if (type === 'application/json') return jsonCodec;
    return type === 'application/x-protobuf' ? this.protobuf : null;
  }

  private async deliver(codec: OtlpCodec, records: OtlpRecords, context: SourceContext): Promise<HttpAnswer> {
    const { batch, rejected, reason } = records;
    try {
      if (batch.count > 0) await context.deliver(batch);
    } catch (error) {
      const message = messageOf(error);
      if (!(error instanceof ChannelError)) return refusal(codec, { status: 500, code: internal, message });
      this.report(context, error);
      return refusal(codec, { status: 503, code: unavailable, message });
    }
    if (this.wasRefused) this.report(context, null);
    if (rejected > 0) context.count('EventReadFail', rejected);
    const partial = { partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: reason } };
    const answer = codec.encode('ExportLogsServiceResponse', rejected > 0 ? partial : {});
    return { status: 200, headers: { 'Content-Type': codec.contentType }, body: answer };
  }

  private report(context: SourceContext, error: unknown): void {
    this.wasRefused = error !== null;
    context.reportError(error);
  }
}

function refusal(
  codec: OtlpCodec,
  { status, code, message }: { readonly status: number; readonly code: number; readonly message: string },
): HttpAnswer {
  return { status, headers: { 'Content-Type': codec.contentType }, body: codec.encode('Status', { code, message }) };
}
