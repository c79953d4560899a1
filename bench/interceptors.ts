import { loadAllComponents } from '#connectors/registry-collector';
import type { Interceptor } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { benchOptions, keepResult, median, occasion, round } from './harness.js';

const collectorRegistry = await loadAllComponents();

const batchEvents = 1000;
const bodyBytes = 200;

type Chain = readonly (readonly [type: string, options: Readonly<Record<string, string>>])[];

const chains: Readonly<Record<string, Chain>> = {
  'timestamp, host, static, search_replace, regex_filter': [
    ['timestamp', {}],
    ['host', {}],
    ['static', { key: 'datacenter', value: 'NEW_YORK' }],
    ['search_replace', { searchPattern: '\\d{4}-\\d{4}-\\d{4}-\\d{4}', replaceString: '****' }],
    ['regex_filter', { regex: '^DEBUG', excludeEvents: 'true' }],
  ],
  'timestamp, host, static, regex_filter, regex_extractor': [
    ['timestamp', {}],
    ['host', {}],
    ['static', { key: 'datacenter', value: 'NEW_YORK' }],
    ['regex_filter', { regex: '^DEBUG', excludeEvents: 'true' }],
    [
      'regex_extractor',
      { regex: '"(\\w+) (\\S+)', serializers: 's1 s2', 'serializers.s1.name': 'method', 'serializers.s2.name': 'path' },
    ],
  ],
};

/** What chains of five interceptors cost an event of 200 bytes, in batches of 1,000. */
export async function benchInterceptors(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 5 });
  const figures: Record<string, number> = {};
  for (const [name, chain] of Object.entries(chains)) {
    const interceptors = chain.map(([type, options]) => create(type, options));
    const samples: number[] = [];
    for (let count = 0; count < rounds; count += 1) samples.push(await microsecondsAnEvent(interceptors, records));
    figures[name] = round(median(samples), 3);
    process.stderr.write(`${name}: ${figures[name]} µs an event\n`);
  }
  keepResult('interceptors', {
    bench: 'interceptors',
    what: `${records} events of ${bodyBytes} bytes in batches of ${batchEvents}: microseconds of CPU an event of a whole chain`,
    ...occasion(),
    rounds,
    millrace: figures,
  });
}

async function microsecondsAnEvent(interceptors: readonly Interceptor[], records: number): Promise<number> {
  const batch = lines();
  // CPU time of this process: the machine may have other work.
  const began = process.cpuUsage();
  for (let done = 0; done < records; done += batchEvents) {
    let left: EventBatch = batch;
    for (const interceptor of interceptors) left = await interceptor.intercept(left);
    if (left.count !== batchEvents) throw new Error('an event was dropped');
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / records;
}

function create(name: string, options: Readonly<Record<string, string>>): Interceptor {
  const type = collectorRegistry.interceptors.find((candidate) => candidate.name === name);
  if (type === undefined) throw new Error(`there is no interceptor ${name}`);
  const services = { bootstrap: '', clock: systemClock, logger: silentLogger };
  return type.create({ agent: 'bench', name, options, services });
}

function lines(): EventBatch {
  const filler = '"GET /items/1041?from=search HTTP/1.1" 200 5316 "-" "Mozilla/5.0 (X11; Linux x86_64)" '.repeat(3);
  return EventBatch.of(
    Array.from({ length: batchEvents }, (_, at) => ({
      body: Buffer.from(`192.0.2.${at % 256} - - ${filler}`.slice(0, bodyBytes)),
    })),
  ).copy();
}
