import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { eventually, Product } from '../flows/product.js';

jest.setTimeout(60_000);

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute),
});
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

type Seen = z.infer<typeof span> & { readonly service: unknown };

const spans: Seen[] = [];
const receiver = createServer((request, response) => {
  void json(request).then((body) => {
    for (const { resource, scopeSpans } of exported.parse(body).resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue'];
      spans.push(...scopeSpans.flatMap((scope) => scope.spans).map((each) => ({ ...each, service })));
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
const folder = mkdtempSync(join(tmpdir(), 'millrace-tracing-'));
chmodSync(folder, 0o755);
let product: Product;

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  product = new Product({
    directory: folder,
    topicsPort: 31_982,
    httpPort: 31_980,
    config: null,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_TRACES_SAMPLER_ARG: '0.2',
      OTEL_BSP_SCHEDULE_DELAY: '500',
    },
  });
  await product.start();
});
afterAll(async () => {
  await product.dispose();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a line that is followed has one trace from the source of the collector through the topic to each store', async () => {
  const stores = ['put access-table', 'put lake'];
  await eventually('a trace with both stores', 40_000, () =>
    [...Map.groupBy(spans, ({ traceId }) => traceId).values()].some((trace) => {
      const received = trace.find(({ name, service }) => name === 'receive web' && service === 'millrace-collector');
      const puts = trace.filter(
        (each) => each.parentSpanId === received?.spanId && each.service === 'millrace-sink-worker',
      );
      return received !== undefined && stores.every((store) => puts.some(({ name }) => name === store));
    }),
  );
  const put = spans.find(({ name }) => name === 'put access-table');
  const values = new Map(put?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  expect(values.get('messaging.destination.name')).toBe('access-log');
  expect(values.get('millrace.connector')).toBe('access-table');
});
