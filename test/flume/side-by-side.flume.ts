import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Product, projectRoot } from '../flows/product.js';
import { Child, sleep } from '../peers/child.js';
import { startFlumeAgents } from '../peers/flume.js';
import { cases, type Case } from './side-by-side/cases.js';
import { Place } from './side-by-side/place.js';

/** Every example under `examples/flume`, on a real Flume agent and on ours: the same input has to leave the same events. */
describe('the same flume.conf on Flume and on ours', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-side-by-side-'));
  const product = new Product({
    directory: join(directory, 'product'),
    topicsPort: 32_001,
    httpPort: 32_002,
    config: {},
  });
  const shared = { KAFKA: product.bootstrap };
  const places = new Map(cases.map((example, at) => [example.name, placesOf(example, at)]));
  let flume: Child | null = null;

  beforeAll(async () => {
    await product.start();
    for (const side of ['flume', 'millrace']) {
      for (const example of cases) await product.admin.createTopic({ name: `${side}-${example.name}`, partitions: 1 });
    }
    for (const { real, own } of places.values()) {
      real.example.prepare?.(real);
      own.example.prepare?.(own);
    }
    const agents = cases.flatMap((example) => {
      const { real } = placesFor(example.name);
      return (example.agents ?? ['a1']).map((name) => ({ name, confPath: real.confPath }));
    });
    flume = await startFlumeAgents({ agents, directory: join(directory, 'flume') });
  }, 180_000);

  afterAll(async () => {
    await flume?.kill();
    await product.dispose();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  test('every example is among them', () => {
    const files = readdirSync(join(projectRoot, 'examples/flume')).filter((name) => name.endsWith('.conf'));
    expect(files.map((name) => name.slice(0, -'.conf'.length)).toSorted()).toEqual(
      cases.map((example) => example.name).toSorted(),
    );
    expect(files.length).toBeGreaterThanOrEqual(25);
  });

  test.each(cases.map((example) => [example.name, example] as const))(
    '%s',
    async (name, example) => {
      const { real, own } = placesFor(name);
      const agents = (example.agents ?? ['a1']).map((agent) => startOurs(own, agent));
      try {
        for (const agent of agents) await agent.until('our agent', () => / runs: /.test(agent.output()));
        await Promise.all([example.drive?.(real), example.drive?.(own)]);
        const [theirs, ours] = await Promise.all([
          eventsOf(real, example.events - (example.differs?.ours.length ?? 0) + (example.differs?.flume.length ?? 0)),
          eventsOf(own, example.events),
        ]);
        expect(ours).toHaveLength(example.events);
        expect(without(ours, example.differs?.ours)).toEqual(without(theirs, example.differs?.flume));
      } finally {
        await Promise.all(agents.map((agent) => agent.stop()));
      }
    },
    120_000,
  );

  function placesOf(example: Case, at: number): { real: Place; own: Place } {
    const first = 32_100 + at * 12;
    return {
      real: new Place('flume', example, join(directory, 'flume', example.name), first, shared),
      own: new Place('millrace', example, join(directory, 'millrace', example.name), first + 6, shared),
    };
  }

  function placesFor(name: string): { real: Place; own: Place } {
    const found = places.get(name);
    if (found === undefined) throw new Error(`no place for ${name}`);
    return found;
  }

  function startOurs(place: Place, agent: string): Child {
    const folder = join(directory, 'millrace', place.example.name);
    return new Child({
      command: process.execPath,
      args: [
        ...[join(projectRoot, 'bin/millrace.mjs'), 'collector', 'run', '--conf', place.confPath, '--name', agent],
        ...['--bootstrap', product.bootstrap, '--data', join(folder, 'data')],
      ],
      cwd: folder,
      logPath: join(folder, `${agent}.out`),
    });
  }
});

/** All events but those that are expected on this side only, each of which has to be there. */
function without(events: readonly string[], expected: readonly string[] = []): string[] {
  const left = [...events];
  for (const event of expected) {
    const at = left.indexOf(event);
    expect(left).toContain(event);
    left.splice(at, 1);
  }
  return left;
}

/** Waits for as many events as are expected, and a moment for any that are too many. */
async function eventsOf(place: Place, count: number): Promise<string[]> {
  const deadline = Date.now() + 40_000;
  while (place.events().length < count && Date.now() < deadline) await sleep(50);
  await sleep(300);
  return place.events();
}
