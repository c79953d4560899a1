import { defineOptions } from '#config/options';
import { configSource, describeOption, type ConfigEntry } from './config-entries.js';
import type { ConfigTexts } from './config-records.js';

/** Subscriptions to client metrics (KIP-714). They are kept and shown; nothing here receives such metrics, so no client sends any. */
export const clientMetricsConfigs = defineOptions({
  'interval.ms': { type: 'int', default: 300_000, unit: 'ms', doc: 'How often clients push.' },
  metrics: { type: 'list', default: [], doc: 'Prefixes of metric names.' },
  match: { type: 'list', default: [], doc: 'Which clients: selectors as `client_id=expression`.' },
});

const intervalMsMin = 100;
const intervalMsMax = 3_600_000;
const selectors = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]);

export function describeClientMetrics(set: ConfigTexts): ConfigEntry[] {
  return Object.entries(clientMetricsConfigs).map(([name, spec]) => {
    const value = set[name];
    const layers = value === undefined ? [] : [{ name, value, source: configSource.clientMetrics }];
    return describeOption(name, spec, { set: layers, defaultName: null, readOnly: false });
  });
}

export interface ClientMetricsProblem {
  /** A selector that will not do is an invalid config to Kafka, everything else an invalid request. */
  readonly isSelector: boolean;
  readonly message: string;
}

export function clientMetricsProblem(set: ConfigTexts): ClientMetricsProblem | null {
  const strange = Object.keys(set).find((name) => !(name in clientMetricsConfigs));
  if (strange !== undefined) return { isSelector: false, message: `Unknown client metrics configuration: ${strange}` };
  const interval = set['interval.ms'];
  if (interval !== undefined && !(Number(interval) >= intervalMsMin && Number(interval) <= intervalMsMax)) {
    const message = `Invalid value ${interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)`;
    return { isSelector: false, message };
  }
  const patterns = (set['match'] ?? '').split(',').filter((item) => item.trim() !== '');
  const bad = patterns.find((pattern) => !isSelector(pattern));
  return bad === undefined ? null : { isSelector: true, message: `Illegal client matching pattern: ${bad}` };
}

function isSelector(pattern: string): boolean {
  const [name, expression, ...more] = pattern.split('=');
  if (name === undefined || expression === undefined || more.length > 0 || !selectors.has(name.trim())) return false;
  try {
    return new RegExp(expression.trim()).source !== '';
  } catch {
    return false;
  }
}
