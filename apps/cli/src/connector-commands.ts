/** What sinks and collectors have alike. */
import { z } from 'zod';
import {
  countOf,
  dryRunFlag,
  restFlags,
  UsageError,
  watchFlag,
  type Command,
  type CommandInput,
  type Flag,
} from './command.js';
import { isRecord } from './manifest.js';
import { asRows, linesOfList, outputForm, say, textOf, watched, type Column } from './output.js';
import { restClient } from './rest-client.js';
import { dryRunQuery, field, namesOf, pathOf, textAt, verbCommand, type RestNoun } from './rest-noun.js';
import type { Wanted } from './manifest.js';

const tasks: Column<Wanted> = {
  title: 'TASKS',
  cell: (item) => tasksInWords(isRecord(item['status']) ? item['status']['tasks'] : null),
};

export function connectorColumns(title: string): readonly Column<Wanted>[] {
  return [
    field(title, 'name'),
    field('TYPE', 'type'),
    field('STATE', 'status.state'),
    tasks,
    ...(title === 'SINK' ? [field('TOPICS', 'topics'), field('DELIVERY', 'delivery')] : []),
  ];
}

export const connectorFilters = {
  filter: { doc: 'part of the name', value: 'text' },
  label: { doc: 'those with this label', value: 'name[=value]', short: 'l', multiple: true },
  state: { doc: 'RUNNING, PAUSED, STOPPED, FAILED or UNASSIGNED', value: 'state' },
} satisfies Record<string, Flag>;

/** `{RUNNING: 2, FAILED: 1}` as `2 RUNNING, 1 FAILED`. */
function tasksInWords(counts: unknown): string {
  const words = isRecord(counts) ? Object.entries(counts).map(([state, count]) => `${String(count)} ${state}`) : [];
  return words.join(', ') || 'none';
}

const task = z.looseObject({
  task: z.number(),
  state: z.string(),
  worker_id: z.string().nullish(),
  trace: z.string().nullish(),
  activity: z.string().nullish(),
  last_error: z.looseObject({ message: z.string(), at: z.string().nullish() }).nullish(),
});
const partition = z.looseObject({
  task: z.number(),
  topic: z.string(),
  partition: z.number(),
  position: z.number().nullish(),
  lag: z.number().nullish(),
  last_ok_at: z.string().nullish(),
  paused_by: z.string().nullish(),
});
const status = z.looseObject({
  name: z.string(),
  state: z.string(),
  wanted_state: z.string().nullish(),
  delivery: z.string().nullish(),
  lag_records: z.number().nullish(),
  lag_seconds: z.number().nullish(),
  tasks: z.array(task),
  partitions: z.array(partition).optional(),
});

export function statusCommand(noun: RestNoun): Command {
  return {
    path: [noun.noun, 'status'],
    operands: '<name>',
    completes: namesOf(noun),
    summary: `How a ${noun.noun} is: each task and partition, lag, guarantee, and the last error`,
    flags: { ...restFlags, ...watchFlag },
    examples: [`${noun.noun} status orders`, `${noun.noun} status orders --watch`],
    run: (input) =>
      watched(input, async () => {
        const answer = await restClient(input).get(pathOf(noun, input.operand, '/status'));
        const form = outputForm(input);
        if (form === 'json' || form === 'yaml') return [await textOf(form, answer)];
        return statusLines(input, status.parse(answer));
      }),
  };
}

function statusLines(input: CommandInput, found: z.output<typeof status>): string[] {
  const { lag_records: lag = null, lag_seconds: seconds = null } = found;
  const behind = lag === null ? '' : `${lag} records${seconds === null ? '' : `, ${seconds.toFixed(1)} s`} behind`;
  return [
    ...asRows(input, [[found.name, found.state, found.delivery ?? '', behind]]),
    ...asRows(
      input,
      found.tasks.map((each) => [`task ${each.task}`, each.state, each.worker_id ?? '']),
    ),
    ...found.tasks.flatMap((each) => {
      const reason = each.trace ?? each.last_error?.message ?? null;
      return [reason, each.activity ?? null].flatMap((text) => (text === null ? [] : [`task ${each.task}: ${text}`]));
    }),
    ...partitionLines(input, found.partitions ?? []),
  ];
}

function partitionLines(input: CommandInput, partitions: readonly z.output<typeof partition>[]): string[] {
  if (partitions.length === 0) return [];
  const rows = partitions.map((each) => [
    each.topic,
    String(each.partition),
    String(each.position ?? ''),
    String(each.lag ?? ''),
    each.last_ok_at ?? '',
    each.paused_by ?? '',
  ]);
  return asRows(input, [['TOPIC', 'PARTITION', 'POSITION', 'LAG', 'LAST OK', 'PAUSED BY'], ...rows]);
}

export function lifeCommands(noun: RestNoun): readonly Command[] {
  return [
    verbCommand(noun, 'pause', { summary: 'Stops reading, keeps tasks', done: 'paused' }),
    verbCommand(noun, 'resume', { summary: 'Goes on after pause or stop', done: 'resumed' }),
    verbCommand(noun, 'stop', { summary: 'Stops all tasks and gives back what they hold', done: 'stopped' }),
    verbCommand(noun, 'restart', {
      summary: 'Restarts its tasks: all, those that have failed, or some by number',
      done: 'restarted',
      flags: {
        'failed-only': { doc: 'only tasks that have failed' },
        task: { doc: 'only this task', value: 'n', multiple: true },
      },
      body: (input) => ({ tasks: restartedTasks(input) }),
    }),
  ];
}

function restartedTasks(input: CommandInput): 'all' | 'failed' | number[] {
  const numbers = input.all('task').map((text) => {
    if (/^\d{1,4}$/.test(text)) return Number(text);
    throw new UsageError(`--task must be a number of a task, and is "${text}"`);
  });
  if (numbers.length > 0) return numbers;
  return input.on('failed-only') ? 'failed' : 'all';
}

const revisionColumns: readonly Column<Wanted>[] = [
  field('REVISION', 'revision'),
  field('ACTION', 'action'),
  field('BY', 'changed_by'),
  field('AT', 'changed_at'),
  field('CHANGED', 'changed_keys'),
];

export function historyCommands(noun: RestNoun): readonly Command[] {
  return [
    {
      path: [noun.noun, 'history'],
      operands: '<name>',
      completes: namesOf(noun),
      summary: 'What was wanted, newest first, and by whom',
      flags: restFlags,
      async run(input) {
        const items = (await restClient(input).list(pathOf(noun, input.operand, '/revisions'))).filter(isRecord);
        const name = (item: Wanted): string => textAt(item, 'revision') ?? '';
        for (const line of await linesOfList(input, items, { columns: revisionColumns, name })) input.out(line);
      },
    },
    {
      path: [noun.noun, 'rollback'],
      operands: '<name>',
      completes: namesOf(noun),
      summary: 'Goes back to an earlier revision, as a new one',
      flags: {
        ...restFlags,
        'to-revision': { doc: 'one of "history"', value: 'n', required: true },
        ...dryRunFlag,
      },
      async run(input) {
        const revision = countOf(input, 'to-revision');
        const path = pathOf(noun, input.operand, `:rollback${dryRunQuery(input)}`);
        const made = await restClient(input).call('POST', path, { revision });
        const now = textAt(made, 'revision') ?? '';
        if (input.on('dry-run')) say(input, `${input.operand} would be as at revision ${revision}.`);
        else say(input, `${input.operand} is as at revision ${revision} again, as revision ${now}.`);
      },
    },
  ];
}
