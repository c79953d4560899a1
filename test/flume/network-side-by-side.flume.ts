import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentPair, type SeenEvent, type Side } from './network/pair.js';
import { listening, sendTcp, sendUdp } from './side-by-side/senders.js';

interface HttpVector {
  readonly name: string;
  readonly body: string | Buffer;
  readonly type?: string;
  readonly method?: string;
  readonly path?: string;
  /** Ours and Flume's status where they differ, and why. */
  readonly differs?: readonly [ours: number, flume: number, why: string];
}

const json = 'application/json; charset=UTF-8';

const jsonVectors: readonly HttpVector[] = [
  { name: 'events', body: '[{"headers":{"a":"x"},"body":"one"},{"body":"two"}]' },
  { name: 'numbers and truth', body: '[{"headers":{"n":5,"f":1.50,"t":true},"body":"numbers"}]' },
  { name: 'a body that is a number', body: '[{"body":42.0}]' },
  { name: 'escapes', body: '[{"headers":{"e":"a\\tb"},"body":"quote \\" \\\\ \\u00f6"}]' },
  { name: 'no ASCII', body: '[{"headers":{"ö":"ü"},"body":"zwölf €"}]' },
  { name: 'headers alone', body: '[{"headers":{"only":"headers"}}]' },
  { name: 'an empty array', body: '[]' },
  { name: 'blanks', body: ' [ { "body" : "blanks" } ] \n' },
  { name: 'further fields', body: '[{"body":"further","extra":{"y":1}}]' },
  { name: 'UTF-16', body: Buffer.from('\ufeff[{"body":"wide"}]', 'utf16le'), type: 'application/json; charset=UTF-16' },
  { name: 'another path', body: '[{"body":"path"}]', path: '/some/where?x=y' },
  { name: 'a single object', body: '{"body":"single"}' },
  { name: 'a body that is an object', body: '[{"body":{"o":1}}]' },
  { name: 'no JSON', body: 'not json' },
  { name: 'something behind', body: '[{"body":"a"}] junk' },
  { name: 'an empty request', body: '' },
  { name: 'a charset that is none of Unicode', body: '[]', type: 'application/json; charset=ISO-8859-1' },
  { name: 'OPTIONS', body: '', method: 'OPTIONS' },
  { name: 'PUT', body: '[]', method: 'PUT' },
  { name: 'GET', body: '', method: 'GET' },
  { name: 'an event that is null', body: '[null]', differs: [400, 500, 'a bad request is one'] },
  { name: 'single quotes', body: "[{'body':'single quotes'}]", differs: [400, 200, 'JSON has to be JSON'] },
];

const blobVectors: readonly HttpVector[] = [
  { name: 'a blob', body: 'one line', type: 'text/plain', path: '/?k=v%20w&k=second&e=' },
  { name: 'a blob without a mandatory parameter', body: 'x', type: 'text/plain', path: '/?e=1' },
  { name: 'an empty blob', body: '', type: 'text/plain', path: '/?k=1' },
];

/** The same bytes into the http and netcat sources of a real Flume agent and of ours: the same answers and the same events. */
describe('http and netcat on Flume and on ours', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-network-'));
  const netcat = { type: 'netcat', bind: '127.0.0.1', port: 'PORT' };
  const pair = new AgentPair({
    directory,
    firstPort: 31_210,
    sources: {
      json: { type: 'http', bind: '127.0.0.1', port: 'PORT' },
      blob: {
        type: 'http',
        bind: '127.0.0.1',
        port: 'PORT',
        handler: 'org.apache.flume.source.http.BLOBHandler',
        'handler.mandatoryParameters': 'k',
      },
      netcat,
      quiet: { ...netcat, 'ack-every-event': 'false', 'max-line-length': '20' },
      latin: { ...netcat, encoding: 'ISO-8859-1' },
      udp: { type: 'netcatudp', bind: '127.0.0.1', port: 'PORT', remoteAddress: 'from' },
    },
  });
  const statuses: Record<Side, Record<string, number>> = { flume: {}, millrace: {} };
  const answers: Record<Side, string[]> = { flume: [], millrace: [] };

  beforeAll(async () => {
    await pair.start();
    await Promise.all((['flume', 'millrace'] as const).map(sendAll));
    await pair.settled();
  }, 110_000);
  afterAll(async () => {
    await pair.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  async function sendAll(side: Side): Promise<void> {
    for (const vector of jsonVectors) statuses[side][vector.name] = await send(pair.port(side, 'json'), vector);
    for (const vector of blobVectors) statuses[side][vector.name] = await send(pair.port(side, 'blob'), vector);
    answers[side].push(
      await sendTcp(pair.port(side, 'netcat'), 'one\r\n\nthree zwölf\nno end', 3),
      await sendTcp(pair.port(side, 'netcat'), `${'x'.repeat(511)}\n`, 1),
      await sendTcp(pair.port(side, 'netcat'), `good\n${'y'.repeat(600)}\nnever\n`, 2),
      await sendTcp(pair.port(side, 'quiet'), 'quiet\n'),
      await sendTcp(pair.port(side, 'latin'), Buffer.from('latin \xe9\n', 'latin1'), 1),
    );
    await sendUdp(pair.port(side, 'udp'), ['one\ntwo\n', 'three']);
  }

  test.each([...jsonVectors, ...blobVectors].map((vector) => [vector.name, vector] as const))(
    '%s is answered the same',
    (name, { differs }) => {
      const [ours, flume] = [statuses.millrace[name], statuses.flume[name]];
      if (differs === undefined) expect(ours).toBe(flume);
      else expect([ours, flume]).toEqual(differs.slice(0, 2));
    },
  );

  test('netcat answers the same', () => {
    expect(answers.millrace).toEqual(answers.flume);
  });

  test.each(['json', 'blob', 'netcat', 'quiet', 'latin', 'udp'])('%s leaves the same events', (name) => {
    const seen = (side: Side): string[] =>
      pair
        .events(side, name)
        .filter(({ body }) => body !== 'single quotes')
        .map(canonical);
    expect(seen('flume').length).toBeGreaterThan(0);
    expect(seen('millrace').toSorted()).toEqual(seen('flume').toSorted());
  });
});

/** Sender's ports differ. */
function canonical({ body, headers }: SeenEvent): string {
  const from = headers['from']?.replace(/\d+$/, 'PORT');
  return JSON.stringify({ body, headers: from === undefined ? headers : { ...headers, from } });
}

async function send(port: number, { body, type = json, method = 'POST', path = '/' }: HttpVector): Promise<number> {
  await listening(port);
  const hasBody = method !== 'GET' && method !== 'OPTIONS';
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { 'content-type': type },
    ...(hasBody ? { body: new Uint8Array(Buffer.from(body)) } : {}),
  });
  await answer.text();
  return answer.status;
}
