import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { TopicsService, type TopicsServiceOptions } from './topics-service.js';

describe('TopicsService', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'topics-service-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const make = (options: Partial<TopicsServiceOptions> = {}) =>
    new TopicsService({
      dataDirectory: folder,
      catalog: new MemoryCatalog(),
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      logger: silentLogger,
      ...options,
    });

  test('starts on a free port, tells its health and stops', async () => {
    const service = make();
    await service.start();
    expect(service.port).toBeGreaterThan(0);
    expect(service.health.ok).toBe(true);
    expect(service.metrics()).toMatchObject({ connections: 0, recordsAppended: 0, requests: {}, partitions: [] });
    await service.stop();
    await service.stop();
  });

  test('says that the port is taken, and can be started again elsewhere', async () => {
    const first = make();
    await first.start();
    const data = join(folder, 'second');
    await expect(make({ port: first.port, dataDirectory: data }).start()).rejects.toMatchObject({
      code: 'net.address.in_use',
    });
    const second = make({ dataDirectory: data });
    await second.start();
    await second.stop();
    await first.stop();
  });

  test('does not listen where others can reach it', async () => {
    await expect(make({ host: '0.0.0.0' }).start()).rejects.toMatchObject({ code: 'net.listen.insecure' });
  });

  test('listens there where it is told to in so many words, and its health says so', async () => {
    // Any name but localhost, as it is written, is taken for one that others know.
    const service = make({ host: 'LOCALHOST', config: { insecure: 'true' } });
    await service.start();
    expect(service.health).toMatchObject({ ok: true, warning: expect.stringMatching(/^Insecure: .* reach PLAINTEXT/) });
    await service.stop();
  });

  test('opens each listener by its name, with secrets out of references', async () => {
    const service = make({
      config: {
        listeners: 'INSIDE://127.0.0.1:0,LOGIN://127.0.0.1:0',
        'listener.security.protocol.map': 'INSIDE:PLAINTEXT,LOGIN:SASL_PLAINTEXT',
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'scram.bootstrap.users': 'SCRAM-SHA-512=[name=admin,password=${env:ADMIN}]',
      },
      environment: { ADMIN: 'marker' },
    });
    await service.start();
    expect([...service.ports.keys()]).toEqual(['INSIDE', 'LOGIN']);
    expect(service.port).toBe(service.ports.get('INSIDE'));
    expect(service.exposedListeners).toEqual([]);
    await service.stop();
  });

  test('says which reference names nothing', () => {
    const config = { 'scram.bootstrap.users': 'SCRAM-SHA-512=[name=admin,password=${env:NOT_SET}]' };
    expect(() => make({ config, environment: {} })).toThrow('scram.bootstrap.users: ${env:NOT_SET} names nothing');
  });

  test('names every setting that will not do', () => {
    const config = { 'num.partitions': '0', 'advertised.listeners': 'nowhere' };
    expect(() => make({ config })).toThrow(
      /num\.partitions[^]*advertised\.listeners|advertised\.listeners[^]*num\.partitions/,
    );
  });
});
