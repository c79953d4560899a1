import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ComponentType, Source } from '#pipeline/collector';
import { storePassword, writeTestStores } from '../tls/key-stores.testkit.js';
import { httpSource } from './http/http-source.js';
import { multiportSyslogtcpSource } from './multiport-syslogtcp/multiport-syslogtcp-source.js';
import { netcatSource } from './netcat/netcat-source.js';
import { eventually, portOf, TestPeer } from './socket.testkit.js';
import { createSource, TestContext } from './source-context.testkit.js';
import { syslogtcpSource } from './syslogtcp/syslogtcp-source.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
const { keyStore } = writeTestStores(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let context: TestContext;
const started: Source[] = [];
beforeEach(() => {
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
});

async function start(type: ComponentType<Source>, options: Record<string, string>): Promise<Source> {
  const source = createSource(type, {
    ssl: 'true',
    keystore: keyStore,
    'keystore-password': storePassword,
    ...options,
  });
  started.push(source);
  await source.start(context);
  return source;
}

test.each<[string, ComponentType<Source>, Record<string, string>]>([
  ['syslogtcp', syslogtcpSource, { port: '0' }],
  ['multiport_syslogtcp', multiportSyslogtcpSource, { ports: '0' }],
  ['netcat', netcatSource, { bind: '127.0.0.1', port: '0' }],
])('%s over TLS; a peer without it is let go and counted', async (_, type, options) => {
  const source = await start(type, options);
  const socket = connect({ port: portOf(source), host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.end('<13>1 2003-10-11T22:14:15Z h x\n');
  await context.until(1);
  const plain = await TestPeer.connect(source);
  await plain.send('<13>1 - h plain\n');
  await plain.untilClosed();
  await eventually(() => (context.counters.get('ConnectionFailedCount') ?? 0) > 0);
  expect(context.events).toHaveLength(1);
});

test('http over TLS, with the old names of its options', async () => {
  const source = createSource(httpSource, {
    port: '0',
    enableSSL: 'true',
    keystore: keyStore,
    keystorePassword: storePassword,
  });
  started.push(source);
  await source.start(context);
  const status = await new Promise((resolve, reject) => {
    const sent = request(
      { port: portOf(source), host: '127.0.0.1', method: 'POST', rejectUnauthorized: false },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    sent.once('error', reject);
    sent.end('[{"body":"x"}]');
  });
  expect(status).toBe(200);
  expect(context.bodies).toEqual(['x']);
});

test('ssl without a key store is found at validation', () => {
  expect(syslogtcpSource.check?.({ port: '1', ssl: 'true' }).map(({ option }) => option)).toEqual(['ssl']);
  expect(httpSource.check?.({ port: '1', enableSSL: 'true' }).map(({ option }) => option)).toEqual(['ssl']);
});
