import { withDeadline } from './deadline.js';

/** Metrics in Prometheus' text form. Values are asked for when somebody scrapes, so that they cost nothing in between. */
export interface MetricFamily {
  /** `millrace_…`, with its unit: `_bytes`, `_seconds`, `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  /** Few values a label. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type MetricSource = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>;

const sourceMsMax = 2_000;

/** Collects what its sources give. A source that fails or is slow is left out, and `millrace_scrape_errors` counts it. */
export class MetricsRegistry {
  private readonly sources = new Map<string, MetricSource>();

  add(name: string, source: MetricSource): void {
    this.sources.set(name, source);
  }

  async render(): Promise<string> {
    const results = await Promise.all([...this.sources].map(([name, source]) => collect(name, source)));
    const errors: MetricFamily = {
      name: 'millrace_scrape_errors',
      help: 'Sources of metrics that did not answer this scrape.',
      type: 'gauge',
      samples: results.map((result) => ({ labels: { source: result.name }, value: result.families === null ? 1 : 0 })),
    };
    const families = [...results.flatMap((result) => result.families ?? []), errors];
    return families.map(renderFamily).join('');
  }
}

interface Collected {
  readonly name: string;
  readonly families: readonly MetricFamily[] | null;
}

async function collect(name: string, source: MetricSource): Promise<Collected> {
  try {
    return { name, families: await withDeadline(sourceMsMax, Promise.resolve(source())) };
  } catch {
    return { name, families: null };
  }
}

function renderFamily(family: MetricFamily): string {
  const lines = family.samples.map((sample) => `${family.name}${renderLabels(sample.labels)} ${sample.value}\n`);
  return `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n${lines.join('')}`;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Memory, CPU and age of this process, under the names that Prometheus' own clients use. */
export const processMetrics: MetricSource = () => {
  const usage = process.cpuUsage();
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: [{ labels: {}, value }],
  });
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time used, user and system.',
      type: 'counter',
      samples: [{ labels: {}, value: (usage.user + usage.system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'Start of the process since the epoch.', Date.now() / 1000 - process.uptime()),
  ];
};
