import { createServer } from 'node:net';
import { MetricsRegistry, processMetrics } from './metrics.js';
import { RoleHealth, type RoleHealthOptions } from './role-health.js';

describe('the health of a role', () => {
  const started: RoleHealth[] = [];
  afterEach(() => Promise.all(started.splice(0).map((health) => health.stop())));

  async function start(given: Partial<RoleHealthOptions> = {}): Promise<string> {
    const metrics = new MetricsRegistry();
    metrics.add('process', processMetrics);
    const health = new RoleHealth({ host: '127.0.0.1', port: 0, checks: [], metrics, insecure: false, ...given });
    started.push(health);
    return `http://127.0.0.1:${await health.start()}`;
  }
  const read = async (url: string): Promise<[number, string]> => {
    const response = await fetch(url);
    return [response.status, await response.text()];
  };

  it('is live while the process answers, and ready while its checks pass', async () => {
    let isAway = false;
    const check = () => (isAway ? Promise.reject(new Error('nobody is there')) : Promise.resolve('1 broker'));
    const url = await start({ checks: [{ name: 'topics', check }] });
    expect(await read(`${url}/livez`)).toEqual([200, '{"status":"live"}']);
    expect(await read(`${url}/readyz`)).toEqual([200, '{"status":"ready"}']);
    isAway = true;
    expect(await read(`${url}/readyz`)).toEqual([503, '{"status":"not ready"}']);
    const [status, text] = await read(`${url}/readyz?verbose`);
    expect([status, JSON.parse(text)]).toMatchObject([
      503,
      { status: 'not ready', checks: [{ name: 'topics', ok: false, message: 'nobody is there' }] },
    ]);
    expect((await read(`${url}/livez`))[0]).toBe(200);
  });

  it('has metrics, and nothing else', async () => {
    const url = await start();
    const [status, text] = await read(`${url}/metrics`);
    expect(status).toBe(200);
    expect(text).toMatch(/^# HELP process_cpu_seconds_total/);
    expect((await read(`${url}/connectors`))[0]).toBe(404);
    expect((await fetch(`${url}/readyz`, { method: 'POST' })).status).toBe(405);
  });

  it('tells neither metrics nor reasons off loopback, unless the network is said to be closed', async () => {
    const checks = [{ name: 'topics', check: () => Promise.resolve('cluster abc') }];
    const closed = await start({ host: '0.0.0.0', checks });
    expect((await read(`${closed}/metrics`))[0]).toBe(403);
    expect(await read(`${closed}/readyz?verbose`)).toEqual([200, '{"status":"ready"}']);
    const open = await start({ host: '0.0.0.0', checks, insecure: true });
    expect((await read(`${open}/metrics`))[0]).toBe(200);
    expect((await read(`${open}/readyz?verbose`))[1]).toContain('cluster abc');
  });

  it('says where its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(/EADDRINUSE/);
    server.close();
  });
});
