/** The files of a package with a sink of one's own, as `millrace create sink` writes them. */
export interface SinkPackage {
  /** What stands in `connector.class`: `my-store`. */
  readonly name: string;
  /** Of this product, as npm writes it: `^0.1.0`, or `file:../millrace` for a clone. */
  readonly dependency: string;
}

/** What the test of the package imports of this product. */
const kitModule = 'millrace/sink-kit';

/** Contents by path in the package. */
export function filesOf(sink: SinkPackage): ReadonlyMap<string, string> {
  return new Map([
    ['package.json', manifest(sink)],
    ['index.js', code(sink)],
    ['index.test.js', test(sink)],
    ['connector.json', connector(sink)],
    ['README.md', readme(sink)],
  ]);
}

function manifest({ name, dependency }: SinkPackage): string {
  const content = {
    name: `millrace-sink-${name}`,
    version: '0.1.0',
    description: `Sink ${name} for Millrace`,
    type: 'module',
    exports: './index.js',
    files: ['index.js'],
    keywords: ['millrace-sink'],
    scripts: { test: 'node --test' },
    devDependencies: { millrace: dependency },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function code({ name }: SinkPackage): string {
  return `/** Sink \`${name}\`: posts each batch of records to an HTTP server, as JSON lines. */
export default function sink(kit) {
  const options = kit.defineOptions({
    '${name}.url': {
      type: 'string',
      required: true,
      importance: 'high',
      doc: 'Where records are posted to: \`http://store.example:8088/records\`.',
      check: (url) => (URL.canParse(url) ? null : 'must be a web address'),
    },
    '${name}.token': { type: 'password', doc: 'Sent as \`authorization: Bearer …\`.' },
    '${name}.timeout.ms': { type: 'int', unit: 'ms', default: 30_000, min: 100, doc: 'An answer that takes longer is none.' },
  });

  return {
    name: '${name}',
    classNames: [],
    version: '0.1.0',
    doc: 'Posts records to an HTTP server, as JSON lines.',
    options,
    // The server may get a batch twice, when its answer was lost: it can tell by the header \`idempotency-key\`.
    guarantee: () => 'at-least-once',
    create(given) {
      const values = kit.requireOptions('sink ${name}', options, given);
      // What \`write\` has resolved counts as stored. A store that keeps positions or writes later needs a Sink of its own.
      return kit.plainSink({ write: (batch) => post(kit, values, batch) });
    },
  };
}

async function post(kit, values, batch) {
  const first = batch.offset(0);
  const last = batch.offset(batch.count - 1);
  const headers = {
    'content-type': 'application/x-ndjson',
    'idempotency-key': \`\${batch.topic}-\${batch.partition}-\${first}-\${last}\`,
  };
  if (values['${name}.token'] !== undefined) headers.authorization = \`Bearer \${values['${name}.token']}\`;
  let response;
  try {
    response = await fetch(values['${name}.url'], {
      method: 'POST',
      body: linesOf(kit, batch),
      headers,
      signal: AbortSignal.timeout(values['${name}.timeout.ms']),
    });
  } catch (error) {
    // An error of ours says what is wrong with the record; any other one means that nobody answered.
    if (error instanceof kit.PoisonRecordError) throw error;
    throw new kit.RetriableSinkError(\`\${values['${name}.url']} does not answer\`, { cause: error });
  }
  const answer = (await response.text()).slice(0, 300);
  if (response.ok) return;
  const message = \`\${values['${name}.url']} answered \${response.status}: \${answer}\`;
  // Try again later; bad data (null: the runner finds out which record); nothing that time heals.
  if (response.status === 429 || response.status >= 500) throw new kit.RetriableSinkError(message);
  if ([400, 413, 422].includes(response.status)) throw new kit.PoisonRecordError(message, null);
  throw new kit.FatalSinkError(message);
}

function linesOf(kit, batch) {
  const lines = [];
  for (let index = 0; index < batch.count; index += 1) {
    const value = batch.value(index)?.toString();
    if (value === undefined || value.includes('\\n')) throw new kit.PoisonRecordError('the value is not one line', index);
    lines.push(value, '\\n');
  }
  return lines.join('');
}
`;
}

function test({ name }: SinkPackage): string {
  return `import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { sinkKit, testBatch } from ${JSON.stringify(kitModule)};
import plugin from './index.js';

const type = plugin(sinkKit);
const bodies = [];
let status = 200;
const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  bodies.push(body);
  response.writeHead(status).end('said so');
});
let sink;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());
beforeEach(() => {
  status = 200;
  bodies.length = 0;
  sink = type.create({ '${name}.url': \`http://127.0.0.1:\${server.address().port}/\` });
});

const batch = testBatch('orders', 0, [{ value: '{"n":1}', offset: 7 }, { value: '{"n":2}' }]);

test('a batch arrives as lines, and its offset is told only then', async () => {
  assert.deepEqual(await sink.flush(true), []);
  await sink.put(batch);
  assert.deepEqual(bodies, ['{"n":1}\\n{"n":2}\\n']);
  assert.deepEqual(await sink.flush(true), [{ topic: 'orders', partition: 0, offset: 9 }]);
});

for (const [answer, error] of [
  [503, sinkKit.RetriableSinkError],
  [422, sinkKit.PoisonRecordError],
  [401, sinkKit.FatalSinkError],
]) {
  test(\`\${answer} is a \${error.name}, and nothing counts as stored\`, async () => {
    status = answer;
    await assert.rejects(sink.put(batch), error);
    assert.deepEqual(await sink.flush(true), []);
  });
}

test('a record that is no line is named, and nothing is sent', async () => {
  const bad = testBatch('orders', 0, [{ value: 'good' }, { value: null }]);
  await assert.rejects(sink.put(bad), (error) => error.index === 1);
  assert.deepEqual(bodies, []);
});
`;
}

function connector({ name }: SinkPackage): string {
  const content = {
    name: `orders-to-${name}`,
    config: { 'connector.class': name, topics: 'orders', [`${name}.url`]: 'http://127.0.0.1:8088/records' },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function readme({ name }: SinkPackage): string {
  return `# millrace-sink-${name}

A sink for Millrace that posts records to an HTTP server, as JSON lines. Make \`index.js\` write to your store.

\`\`\`sh
npm install
npm test
\`\`\`

Install it beside Millrace (\`npm install ./millrace-sink-${name}\`), or name the folder that holds it in \`MILLRACE_PLUGINS\`. It is found by its
name, without a restart:

\`\`\`sh
npx millrace sink create -f connector.json
\`\`\`
`;
}
