import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Certificates, type Identity } from '#net/testing/certificates';
import { silentLogger } from '#std/log';
import { callRpc, RpcServer, type RpcCertificate } from './rpc.js';

describe('calls between processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rpc-'));
  const servers: RpcServer[] = [];
  let ours: Certificates;
  let certificate: RpcCertificate;

  const certificateOf = ({ certificatePath, keyPath }: Identity, authority: Certificates): RpcCertificate => ({
    certificatePath,
    keyPath,
    authorityPath: authority.authorityPath,
  });

  beforeAll(() => {
    ours = new Certificates(folder);
    certificate = certificateOf(ours.issue('worker', '/CN=worker'), ours);
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function serve(given: { host?: string; certificate: RpcCertificate | null }): Promise<string> {
    const server = new RpcServer({
      host: '127.0.0.1',
      port: 0,
      calls: {
        add: (body) => Promise.resolve((body as number[]).reduce((sum, n) => sum + n, 0)),
        fail: () => Promise.reject(new Error('the disk is full')),
        sleep: () => new Promise(() => undefined),
      },
      logger: silentLogger,
      ...given,
    });
    servers.push(server);
    return `127.0.0.1:${await server.start()}`;
  }

  it('come back with what the other side gives, or with what it says went wrong', async () => {
    const address = await serve({ certificate: null });
    const options = { address, certificate: null, timeoutMs: 5000 };
    expect(await callRpc('add', [1, 2, 3], options)).toBe(6);
    await expect(callRpc('fail', null, options)).rejects.toMatchObject({
      code: 'nest.rpc.refused',
      message: `${address} refused fail: the disk is full`,
    });
    await expect(callRpc('unknown', null, options)).rejects.toMatchObject({ code: 'nest.rpc.unanswered' });
    await expect(callRpc('sleep', null, { ...options, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'nest.rpc.unanswered',
      retriable: true,
    });
  });

  it('need a certificate of the same authority on both ends', async () => {
    const address = await serve({ certificate });
    const options = { address, timeoutMs: 3000 };
    const admin = certificateOf(ours.issue('admin', '/CN=admin'), ours);
    expect(await callRpc('add', [2, 2], { ...options, certificate: admin })).toBe(4);
    const otherFolder = mkdtempSync(join(folder, 'other-'));
    const others = new Certificates(otherFolder);
    const stranger = certificateOf(others.issue('stranger', '/CN=admin'), ours);
    await expect(callRpc('add', [2, 2], { ...options, certificate: stranger })).rejects.toMatchObject({
      code: 'nest.rpc.unanswered',
    });
    const fooled = certificateOf(ours.issue('fooled', '/CN=admin'), others);
    await expect(callRpc('add', [2, 2], { ...options, certificate: fooled })).rejects.toMatchObject({
      code: 'nest.rpc.unanswered',
    });
    await expect(callRpc('add', [2, 2], { ...options, certificate: null })).rejects.toMatchObject({
      code: 'nest.rpc.unanswered',
    });
    const named = certificateOf(ours.issue('named', '/CN=w', 'subjectAltName=DNS:millrace-worker'), ours);
    const other = await serve({ certificate: named });
    const toOther = { ...options, address: other };
    await expect(callRpc('add', [1], { ...toOther, certificate: admin })).rejects.toMatchObject({
      code: 'nest.rpc.unanswered',
    });
    const byName = { ...admin, serverName: 'millrace-worker' };
    expect(await callRpc('add', [1], { ...toOther, certificate: byName })).toBe(1);
    expect(await callRpc('add', [3, 3], { ...options, certificate: admin })).toBe(6);
  });

  it('are not served off loopback without certificates', async () => {
    await expect(serve({ host: '0.0.0.0', certificate: null })).rejects.toMatchObject({ code: 'nest.rpc.unprotected' });
  });

  it('survive what is no call', async () => {
    const address = await serve({ certificate: null });
    const port = Number(address.split(':')[1]);
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '5#{"a":', '99999999999#', '2#[]', '4#null', '14#{"pattern":{}}']) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.write(bytes, resolve));
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
    }
    expect(await callRpc('add', [1], { address, certificate: null, timeoutMs: 3000 })).toBe(1);
  });
});
