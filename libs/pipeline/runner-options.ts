import { defineOptions, parseOptions, requireOptions, type OptionProblem } from '#config/options';
import { cronProblem } from '#pipeline/cron-schedule';
import type { SinkTaskOptions } from '#pipeline/sink-task';
import type { RestartOptions } from '#pipeline/task-supervisor';

/** How a sink is run, whatever its kind: restarts, the breaker, rates, times of work. All ours; Connect has none of it. */
export const runnerOptions = defineOptions({
  'task.restart.max': {
    type: 'int',
    default: 5,
    min: -1,
    max: 1_000_000,
    importance: 'medium',
    group: 'Restart',
    doc:
      'How often a task that failed is restarted by itself before it stays FAILED: a budget that fills up again, see ' +
      '`task.restart.refill.ms`. 0 = never, -1 = without limit. A restart over REST fills it at once. What a restart can not help is not ' +
      'tried: a config that is not valid, a bad record without a dead-letter topic, a storm of bad records.',
  },
  'task.restart.delay.ms': {
    type: 'long',
    default: 10_000,
    min: 1,
    max: 86_400_000,
    unit: 'ms',
    importance: 'low',
    group: 'Restart',
    doc: 'How long after its failure a task is restarted for the first time. Twice as long each further time, with jitter.',
  },
  'task.restart.delay.max.ms': {
    type: 'long',
    default: 300_000,
    min: 1,
    max: 86_400_000,
    unit: 'ms',
    importance: 'low',
    group: 'Restart',
    doc: 'Longest time between a failure and the restart.',
  },
  'task.restart.refill.ms': {
    type: 'long',
    default: 600_000,
    min: 1,
    max: 86_400_000 * 30,
    unit: 'ms',
    importance: 'low',
    group: 'Restart',
    doc: 'Each such time of healthy work gives one restart back to the budget of `task.restart.max`.',
  },
  'breaker.failures.max': {
    type: 'int',
    default: 5,
    min: 0,
    max: 1_000_000,
    importance: 'low',
    group: 'Circuit Breaker',
    doc:
      'Failures of the store in a row that open the breaker: the store is left alone for a while, then one small batch of one ' +
      'partition is tried, and the rest only follows when the store took it. 0 = no breaker, tries follow with all that waits.',
  },
  'breaker.open.ms': {
    type: 'long',
    default: 2000,
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    importance: 'low',
    group: 'Circuit Breaker',
    doc:
      'Shortest pause between two tries while the breaker is open. The pauses go on to grow up to `errors.retry.delay.max.ms`, ' +
      'which also bounds this.',
  },
  'breaker.probe.records': {
    type: 'int',
    default: 100,
    min: 1,
    max: 1_000_000,
    unit: 'records',
    importance: 'low',
    group: 'Circuit Breaker',
    doc: 'Most records of the batch that is tried while the breaker is half-open.',
  },
  'errors.storm.records.max': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'records',
    importance: 'low',
    group: 'Error Handling',
    doc:
      'More bad records than this within `errors.storm.window.ms` stop the task as FAILED, before they flood the dead-letter topic. ' +
      '0 = any number is put aside.',
  },
  'errors.storm.percent.max': {
    type: 'int',
    default: 0,
    min: 0,
    max: 99,
    unit: '%',
    importance: 'medium',
    group: 'Error Handling',
    doc:
      'More bad records than this part of the records within `errors.storm.window.ms` (of a hundred at least) stop the task as FAILED: ' +
      'when nearly all are bad it is the converter or the table that is wrong. 50 is a good guard. 0 = any part is put aside.',
  },
  'errors.storm.window.ms': {
    type: 'long',
    default: 60_000,
    min: 1000,
    max: 86_400_000,
    unit: 'ms',
    importance: 'low',
    group: 'Error Handling',
    doc: 'The time over which `errors.storm.records.max` and `errors.storm.percent.max` count.',
  },
  'rate.limit.records.per.second': {
    type: 'int',
    default: 0,
    min: 0,
    unit: 'records/s',
    importance: 'medium',
    group: 'Rate Limit',
    doc: 'Most records a second that each task gives to the store; batches become no larger than that. 0 = no limit.',
  },
  'rate.limit.bytes.per.second': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'bytes/s',
    importance: 'medium',
    group: 'Rate Limit',
    doc: 'Most bytes of keys and values a second that each task gives to the store. 0 = no limit.',
  },
  'schedule.cron': {
    type: 'string',
    default: '',
    importance: 'medium',
    group: 'Batch Mode',
    doc:
      'When the sink works: `0 2 * * *` is 2 in the morning. Minute, hour, day of month, month, day of week, and seconds before these where ' +
      'there are six. It works up to where its partitions ended when it woke, flushes, commits, and sleeps. Empty, with the other ' +
      '`schedule.…` options empty too: it works all the time.',
  },
  'schedule.timezone': {
    type: 'string',
    default: 'UTC',
    importance: 'low',
    group: 'Batch Mode',
    doc: 'The time zone of `schedule.cron`: `Europe/Berlin`.',
  },
  'schedule.when.records': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'records',
    importance: 'medium',
    group: 'Batch Mode',
    doc: 'The sink works when so many records wait for a task, also before its time by `schedule.cron`. 0 = no matter.',
  },
  'schedule.when.bytes': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'bytes',
    importance: 'low',
    group: 'Batch Mode',
    doc: 'The sink works when about so many bytes wait for a task, reckoned from the first records that wait. 0 = no matter.',
  },
  'schedule.when.age.ms': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'ms',
    importance: 'medium',
    group: 'Batch Mode',
    doc: 'The sink works when the oldest record that waits is so old by its own timestamp. 0 = no matter.',
  },
  'schedule.on.start': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: 'Batch Mode',
    doc:
      'Work once when a task is given partitions, at its start and when tasks come or go: a run that was cut off goes on at once. ' +
      '`false` waits for the next time.',
  },
  'parallel.partitions.max': {
    type: 'int',
    default: 4,
    min: 1,
    max: 256,
    importance: 'low',
    group: 'Batching',
    doc: 'Partitions that a task writes at once, in sinks that can. Order within a partition stays.',
  },
});

type Config = Readonly<Record<string, string>>;

export type RunnerSettings = Required<
  Pick<SinkTaskOptions, 'breaker' | 'storm' | 'rate' | 'batchMode' | 'parallelPartitionsMax'>
>;

/** How often a task may be restarted. Never throws: what is not valid counts as left out, for also such a task is supervised. */
export function restartOptions(config: Config): RestartOptions {
  const { values } = parseOptions(runnerOptions, config);
  return {
    max: values['task.restart.max'],
    delayMs: values['task.restart.delay.ms'],
    delayMsMax: values['task.restart.delay.max.ms'],
    refillMs: values['task.restart.refill.ms'],
  };
}

/** Reads how a task is run. Throws `config.option.invalid` with every problem in it. */
export function runnerSettings(config: Config): RunnerSettings {
  const values = requireOptions(`Connector ${config['name'] ?? ''}`, runnerOptions, config);
  const rate = {
    recordsPerSecond: values['rate.limit.records.per.second'],
    bytesPerSecond: values['rate.limit.bytes.per.second'],
  };
  const storm = {
    recordsMax: values['errors.storm.records.max'],
    percentMax: values['errors.storm.percent.max'],
    windowMs: values['errors.storm.window.ms'],
  };
  const batchMode = {
    cron:
      values['schedule.cron'] === ''
        ? null
        : { pattern: values['schedule.cron'], timeZone: values['schedule.timezone'] },
    recordsMin: values['schedule.when.records'],
    bytesMin: values['schedule.when.bytes'],
    ageMs: values['schedule.when.age.ms'],
    onStart: values['schedule.on.start'],
  };
  const { cron, recordsMin, bytesMin, ageMs } = batchMode;
  return {
    breaker: {
      failuresMax: values['breaker.failures.max'],
      openMs: values['breaker.open.ms'],
      probeRecords: values['breaker.probe.records'],
    },
    storm: storm.recordsMax > 0 || storm.percentMax > 0 ? storm : null,
    rate: rate.recordsPerSecond > 0 || rate.bytesPerSecond > 0 ? rate : null,
    batchMode: cron !== null || recordsMin > 0 || bytesMin > 0 || ageMs > 0 ? batchMode : null,
    parallelPartitionsMax: values['parallel.partitions.max'],
  };
}

/** Problems between options of the runner. */
export function runnerProblems(config: Config): readonly OptionProblem[] {
  const { values } = parseOptions(runnerOptions, config);
  const pattern = values['schedule.cron'];
  if (pattern === '') return [];
  const zoneProblem = cronProblem({ pattern: '0 0 * * *', timeZone: values['schedule.timezone'] });
  const [name, message] =
    zoneProblem === null
      ? ['schedule.cron', cronProblem({ pattern, timeZone: values['schedule.timezone'] })]
      : ['schedule.timezone', zoneProblem];
  if (message === null) return [];
  return [
    { name, value: config[name] ?? null, message: `Invalid value ${config[name] ?? ''} for ${name}: ${message}` },
  ];
}
