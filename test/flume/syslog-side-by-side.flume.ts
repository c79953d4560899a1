import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentPair, type SeenEvent, type Side } from './network/pair.js';
import { keepVectors, multiportVectors, tcpVectors, udpVectors, type SyslogVector } from './network/syslog-vectors.js';
import { sendTcp, sendUdp } from './side-by-side/senders.js';

/** The same bytes into syslog sources of a real Flume agent and of ours: the same events, but for the rows that say otherwise. */
describe('syslog on Flume and on ours', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-syslog-'));
  const tcp = { type: 'syslogtcp', host: '127.0.0.1', port: 'PORT' };
  const pair = new AgentPair({
    directory,
    firstPort: 31_200,
    sources: {
      tcp,
      keep: { ...tcp, keepFields: 'priority version timestamp hostname' },
      all: { ...tcp, keepFields: 'all', clientIPHeader: 'ip' },
      some: { ...tcp, keepFields: 'timestamp', eventSize: '60' },
      format: {
        ...tcp,
        'format.regex': '<(\\d+)>(\\d?)\\[([^\\]]*)\\] (\\S+) (.*)',
        'format.search': '/',
        'format.replace': '-',
        'format.dateFormat': 'yyyy-MM-dd HH:mm:ss',
      },
      multiport: {
        type: 'multiport_syslogtcp',
        host: '127.0.0.1',
        ports: 'PORT',
        clientIPHeader: 'ip',
      },
      multikeep: { type: 'multiport_syslogtcp', host: '127.0.0.1', ports: 'PORT', keepFields: 'timestamp hostname' },
      udp: { type: 'syslogudp', host: '127.0.0.1', port: 'PORT', keepFields: 'version' },
    },
  });

  const vectors: Readonly<Record<string, readonly SyslogVector[]>> = {
    tcp: tcpVectors,
    keep: keepVectors,
    all: tcpVectors.filter(({ differs }) => differs === undefined),
    some: [
      { name: 'long', text: `<13>1 2003-08-24T05:14:15Z host ${'x'.repeat(100)}` },
      { name: 'short', text: '<13>1 2003-08-24T05:14:15Z host short' },
    ],
    format: ['<13>1[2003/08/24 05:14:15] host9 body', '<13>[2003/08/24 05:14:15] h b', '<13>1 - h other'].map(
      (text) => ({ name: text, text }),
    ),
    multiport: multiportVectors,
    multikeep: multiportVectors.filter(({ differs }) => differs === undefined),
    udp: udpVectors,
  };
  const same: Record<string, Record<Side, SeenEvent[]>> = {};
  const other: Record<string, Record<Side, SeenEvent[]>> = {};

  beforeAll(async () => {
    await pair.start();
    await sendAll((vector) => vector.differs === undefined);
    for (const name of Object.keys(vectors)) same[name] = eventsOf(name);
    await sendAll((vector) => vector.differs !== undefined);
    for (const name of Object.keys(vectors)) {
      const { flume, millrace } = eventsOf(name);
      const before = same[name];
      other[name] = {
        flume: flume.slice(before?.flume.length ?? 0),
        millrace: millrace.slice(before?.millrace.length ?? 0),
      };
    }
  }, 120_000);
  afterAll(async () => {
    await pair.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  /** A connection, or a datagram, each; to all sources at once. */
  async function sendAll(isMeant: (vector: SyslogVector) => boolean): Promise<void> {
    await Promise.all(
      Object.entries(vectors).flatMap(([name, list]) =>
        (['flume', 'millrace'] as const).map(async (side) => {
          const port = pair.port(side, name);
          for (const { text } of list.filter(isMeant)) {
            await (name === 'udp' ? sendUdp(port, [text]) : sendTcp(port, `${text}\n`));
          }
        }),
      ),
    );
    await pair.settled();
  }

  function eventsOf(name: string): Record<Side, SeenEvent[]> {
    return { flume: pair.events('flume', name), millrace: pair.events('millrace', name) };
  }

  test.each(Object.keys(vectors).filter((name) => name !== 'some'))('%s leaves the same events', (name) => {
    const { flume, millrace } = same[name] ?? nothing;
    expect(flume.length).toBeGreaterThanOrEqual(
      (vectors[name] ?? []).filter((vector) => vector.differs === undefined).length,
    );
    expect(sorted(millrace)).toEqual(sorted(flume));
  });

  test('a message over eventSize is cut into the same pieces', () => {
    // Flume leaves headers of the first piece on the second.
    const pieces = (events: readonly SeenEvent[] = []): unknown =>
      events.map(({ body, headers }) => [body, headers['flume.syslog.status'], headers['Facility']]);
    expect(pieces(same['some']?.millrace)).toEqual(pieces(same['some']?.flume));
  });

  test.each(['tcp', 'keep', 'multiport'])('%s: where it is said that events differ, they do', (name) => {
    const { flume, millrace } = other[name] ?? nothing;
    const theirs = new Set(flume.map((event) => JSON.stringify(event)));
    const differing = (vectors[name] ?? []).filter((vector) => vector.differs !== undefined).length;
    const ours = millrace.filter((event) => !theirs.has(JSON.stringify(event)));
    expect(ours.length).toBeGreaterThanOrEqual(differing);
  });
});

const nothing: Readonly<Record<Side, readonly SeenEvent[]>> = { flume: [], millrace: [] };

/** In an order that does not depend on whose connection was served first. */
function sorted(events: readonly SeenEvent[]): string[] {
  return events.map((event) => JSON.stringify(event)).toSorted();
}
