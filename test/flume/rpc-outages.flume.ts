import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, type Child } from '../peers/child.js';
import { sendByFlume } from '../peers/flume-client.js';
import { startFlumeAgents } from '../peers/flume.js';
import { confOf, rolled, type AgentConf } from './rpc/conf.js';
import { startOwnAgent } from './rpc/own-agent.js';
import { untilRolled } from './rpc/rolled-events.js';
import { sendTcp } from './side-by-side/senders.js';

const host = '127.0.0.1';
const ports = { edge: 31_140, own: 31_141, centre: 31_142, full: 31_143, away: 31_149 };
const partCount = 400;

/** A real agent, ours and a real agent in a row; each of the two behind the first one dies once. */
describe('agents that die on the way', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-rpc-outages-'));
  const out = join(directory, 'out');
  const running: Child[] = [];

  afterAll(async () => {
    await Promise.all(running.map((child) => child.kill()));
    rmSync(directory, { recursive: true, force: true });
  });

  async function startReal(conf: AgentConf, port: number): Promise<Child> {
    const confPath = join(directory, `${conf.name}.conf`);
    writeFileSync(confPath, confOf(conf));
    const child = await startFlumeAgents({
      agents: [{ name: conf.name, confPath }],
      directory: join(directory, `flume-${conf.name}-${running.length}`),
    });
    running.push(child);
    await child.until('its port', () => answers(port));
    return child;
  }

  async function startOurs(): Promise<Child> {
    const child = await startOwnAgent(join(directory, 'own'), ours, [ports.own]);
    running.push(child);
    return child;
  }

  const ours: AgentConf = {
    name: 'ours',
    sources: { r1: { type: 'avro', bind: host, port: ports.own, channels: 'c1' } },
    channels: ['c1'],
    channel: {
      type: 'file',
      checkpointDir: join(directory, 'checkpoint'),
      dataDirs: join(directory, 'channel'),
      minimumRequiredSpace: 1_048_576,
    },
    sinks: { k1: { type: 'avro', hostname: host, port: ports.centre, channel: 'c1' } },
  };
  const edge: AgentConf = {
    name: 'edge',
    sources: { r1: { type: 'netcat', bind: host, port: ports.edge, channels: 'c1' } },
    channels: ['c1'],
    sinks: { k1: { type: 'avro', hostname: host, port: ports.own, channel: 'c1' } },
  };
  const centre: AgentConf = {
    name: 'centre',
    sources: { r1: { type: 'avro', bind: host, port: ports.centre, channels: 'c1' } },
    channels: ['c1'],
    sinks: { k1: { ...rolled(out), channel: 'c1' } },
  };
  const part = (name: string): string[] => Array.from({ length: partCount }, (_, n) => `${name} ${n} zwölf`);
  const send = async (lines: readonly string[]): Promise<void> => {
    await sendTcp(ports.edge, lines.map((line) => `${line}\n`).join(''), lines.length);
  };

  test('nothing is lost, doubled or out of order', async () => {
    mkdirSync(out);
    const [, own, end] = await Promise.all([startReal(edge, ports.edge), startOurs(), startReal(centre, ports.centre)]);
    const parts = ['first', 'second', 'third'].map(part);
    await send(parts[0] ?? []);
    await untilRolled(out, partCount);
    await own.kill();
    await send(parts[1] ?? []);
    await startOurs();
    await untilRolled(out, 2 * partCount, 20_000);
    await end.kill();
    await send(parts[2] ?? []);
    await startReal(centre, ports.centre);
    const events = await untilRolled(out, 3 * partCount, 20_000);
    expect(events.map(({ body }) => body)).toEqual(parts.flat());
  }, 180_000);

  test('a full channel is told to Flume’s own client, and what it did take is kept', async () => {
    const full: AgentConf = {
      name: 'full',
      sources: {
        r1: { type: 'avro', bind: host, port: ports.full, channels: 'c1' },
      },
      channels: ['c1'],
      channel: { type: 'memory', capacity: 200, transactionCapacity: 100, 'keep-alive': 1 },
      sinks: { k1: { type: 'avro', hostname: host, port: ports.away, channel: 'c1' } },
    };
    running.push(await startOwnAgent(join(directory, 'full'), full, [ports.full]));
    const clients = {
      c1: { 'client.type': 'default', hosts: 'h1', 'hosts.h1': `${host}:${ports.full}`, 'batch-size': 50 },
    };
    const said = await sendByFlume({ directory: join(directory, 'clients'), clients, count: 1000 });
    expect(said.join()).toMatch(/^c1 failed: org\.apache\.flume\.EventDeliveryException/);
  }, 60_000);
});
