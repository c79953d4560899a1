import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Product, projectRoot } from '../flows/product.js';
import { Child, sleep } from '../peers/child.js';
import { startFlumeAgents } from '../peers/flume.js';
import { cases, type Case } from './side-by-side/cases.js';
import { Place } from './side-by-side/place.js';

/** Examples that run at the same time. */
const atOnce = 5;

/** What both sides left, or why there is nothing to compare. */
interface Outcome {
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  readonly error: Error | null;
}

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
  const outcomes = new Map<string, Promise<Outcome>>();
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
    runAll();
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
      const outcome = await outcomes.get(name);
      if (outcome === undefined) throw new Error('did not run');
      if (outcome.error !== null) throw outcome.error;
      expect(outcome.ours).toHaveLength(example.events);
      expect(without(outcome.ours, example.differs?.ours)).toEqual(without(outcome.theirs, example.differs?.flume));
    },
    240_000,
  );

  /** Most of the time goes into waiting: a sink of Flume that found nothing sleeps for up to 5 s. */
  function runAll(): void {
    let waiting: Promise<unknown>[] = [];
    for (const example of cases) {
      const free = waiting.length < atOnce ? Promise.resolve() : waiting[waiting.length - atOnce];
      const outcome = Promise.resolve(free).then(() => runCase(example));
      outcomes.set(example.name, outcome);
      waiting = [...waiting, outcome];
    }
  }

  async function runCase(example: Case): Promise<Outcome> {
    const { real, own } = placesFor(example.name);
    const agents: Child[] = [];
    try {
      for (const name of example.agents ?? ['a1']) agents.push(startOurs(own, name));
      for (const agent of agents) await agent.until('our agent', () => / runs: /.test(agent.output()));
      await Promise.all([example.drive?.(real), example.drive?.(own)]);
      const { ours: ourOwn = [], flume: theirOwn = [] } = example.differs ?? {};
      const [theirs, ours] = await Promise.all([
        eventsOf(real, example.events - ourOwn.length + theirOwn.length),
        eventsOf(own, example.events),
      ]);
      return { ours, theirs, error: null };
    } catch (error) {
      return { ours: [], theirs: [], error: error as Error };
    } finally {
      await Promise.all(agents.map((agent) => agent.kill()));
    }
  }

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
