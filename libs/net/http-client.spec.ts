import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect, type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { basicAuthorization, HttpClient, retryAfterMs, type HttpClientOptions } from './http-client.js';
import { TargetRules } from './target-rules.js';
import { Certificates } from './testing/certificates.js';

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;

describe('HTTP client', () => {
  const servers: http.Server[] = [];
  const clients: HttpClient[] = [];
  let connections = 0;

  beforeEach(() => {
    connections = 0;
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function listen(answer: Answer, server: http.Server = http.createServer()): Promise<URL> {
    server.on('request', (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => answer(request, response, body));
    });
    server.on('connection', () => (connections += 1));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const scheme = server instanceof https.Server ? 'https' : 'http';
    return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/path?token=secret`);
  }

  function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
    const client = new HttpClient({ clock: systemClock, ...options });
    clients.push(client);
    return client;
  }

  it('sends and gives back bodies over kept connections, no more than it may have', async () => {
    const url = await listen((request, response, body) => {
      setTimeout(() => response.writeHead(201, { 'x-seen': `${request.method} ${request.url}` }).end(body), 10);
    });
    const client = clientOf({ connectionsMax: 2 });
    const call = {
      method: 'POST',
      url,
      body: Buffer.from('grüße'),
      headers: { Authorization: basicAuthorization('u', 'p') },
    };
    const results = await Promise.all(Array.from({ length: 6 }, () => client.call(call)));
    expect(new Set(results.map(({ status, body }) => `${status} ${body.toString()}`))).toEqual(new Set(['201 grüße']));
    expect(results[0]?.headers['x-seen']).toBe('POST /path?token=secret');
    expect(connections).toBe(2);
  });

  it('gives up on silence, on answers that are too long and on nobody there, and does not tell the query', async () => {
    const url = await listen((request, response) => {
      if (request.method === 'GET') response.end('x'.repeat(100));
    });
    const client = clientOf({ timeoutMs: 50, answerBytesMax: 99 });
    await expect(client.call({ method: 'POST', url })).rejects.toMatchObject({
      code: 'net.http.timeout',
      message: `No answer to POST ${url.origin}/path: no whole answer within 50 ms.`,
    });
    await expect(client.call({ method: 'GET', url })).rejects.toMatchObject({ code: 'net.http.answer_size' });
    const nobody = new URL('http://127.0.0.1:1/');
    await expect(client.call({ method: 'GET', url: nobody })).rejects.toMatchObject({
      code: 'net.http.away',
      retriable: true,
    });
  });

  it('asks again where a kept connection was just being closed, if that does no harm', async () => {
    let calls = 0;
    const url = await listen((request, response) => {
      calls += 1;
      if (calls % 2 === 0) request.socket.destroy();
      else response.end('done');
    });
    const client = clientOf();
    await client.call({ method: 'PUT', url });
    await expect(client.call({ method: 'PUT', url })).resolves.toMatchObject({ status: 200 });
    expect(calls).toBe(3);
    await expect(client.call({ method: 'POST', url })).rejects.toMatchObject({ code: 'net.http.away' });
    expect(calls).toBe(4);
  });

  it('does not connect where the rules refuse the answer of DNS', async () => {
    const url = await listen((_request, response) => response.end());
    const lookup: LookupFunction = (name, _options, callback) =>
      callback(null, [{ address: name === 'good.test' ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
    const client = clientOf({ lookup, targets: new TargetRules({ allowed: null, publicOnly: false }) });
    const to = (host: string): URL => new URL(`http://${host}:${url.port}/`);
    await expect(client.call({ method: 'GET', url: to('good.test') })).resolves.toMatchObject({ status: 200 });
    const refused = {
      code: 'net.http.target',
      retriable: false,
      message: expect.stringContaining('metadata') as string,
    };
    await expect(client.call({ method: 'GET', url: to('bad.test') })).rejects.toMatchObject(refused);
    await expect(client.call({ method: 'GET', url: to('169.254.169.254') })).rejects.toMatchObject(refused);
    await expect(client.call({ method: 'GET', url: to('[::ffff:169.254.169.254]') })).rejects.toMatchObject(refused);
  });

  it('checks the certificate of the server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'http-client-'));
    try {
      const certificates = new Certificates(folder);
      const { keyPath, certificatePath } = certificates.issue('server', '/CN=server');
      const keys = { key: readFileSync(keyPath), cert: readFileSync(certificatePath) };
      const url = await listen((_request, response) => response.end('safe'), https.createServer(keys));
      await expect(clientOf().call({ method: 'GET', url })).rejects.toMatchObject({ code: 'net.http.tls' });
      const client = clientOf({ tls: { ca: readFileSync(certificates.authorityPath) } });
      await expect(client.call({ method: 'GET', url })).resolves.toMatchObject({ status: 200 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('goes through a proxy, plain and by a tunnel, but for the hosts excepted', async () => {
    const target = await listen((request, response) => response.end(`direct ${request.url}`));
    const seen: string[] = [];
    const proxyServer = http.createServer();
    proxyServer.on('connect', (request: http.IncomingMessage, socket: Socket) => {
      seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization']}`);
      const { hostname, port } = new URL(`http://${request.url}`);
      const onward = connect(Number(port), hostname, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      onward.pipe(socket).pipe(onward);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    });
    const proxyUrl = await listen((request, response) => response.end(`proxied ${request.url}`), proxyServer);
    proxyUrl.username = 'user';
    proxyUrl.password = 'pass';
    const client = clientOf({ proxy: { url: proxyUrl, except: ['127.0.0.1', '.local.test'] } });
    const text = async (url: URL): Promise<string> => (await client.call({ method: 'GET', url })).body.toString();
    await expect(text(new URL('http://far.test/x'))).resolves.toBe('proxied http://far.test/x');
    await expect(text(target)).resolves.toBe('direct /path?token=secret');
    const secure = new URL(`https://localhost:${target.port}/`);
    await expect(client.call({ method: 'GET', url: secure })).rejects.toMatchObject({ code: 'net.http.tls' });
    expect(seen).toEqual([`CONNECT localhost:${target.port} ${basicAuthorization('user', 'pass')}`]);
  });

  it('reads Retry-After as seconds and as a date', () => {
    expect(retryAfterMs({ 'retry-after': '7' }, 0)).toBe(7000);
    expect(retryAfterMs({ 'retry-after': 'Thu, 01 Jan 1970 00:01:00 GMT' }, 15_000)).toBe(45_000);
    expect(retryAfterMs({ 'retry-after': 'soon' }, 0)).toBeNull();
    expect(retryAfterMs({}, 0)).toBeNull();
  });
});
