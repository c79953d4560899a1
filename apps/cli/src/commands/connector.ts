import { z } from 'zod';
import { dryRunFlag, fileFlag, restFlags, watchFlag, yesFlag, type Command, type CommandInput } from '../command.js';
import { CommandError, exitCodes } from '../exit-codes.js';
import { readWanted, isRecord, type Wanted } from '../manifest.js';
import { asRows, confirm, linesOfList, outputForm, say, showOne, textOf, watched } from '../output.js';
import { restClient } from '../rest-client.js';
import { all, field, textAt } from '../rest-noun.js';

const names = { rest: 'sinks', key: 'name' };
const task = z.looseObject({
  id: z.number(),
  state: z.string(),
  worker_id: z.string().nullish(),
  trace: z.string().nullish(),
});
const status = z.looseObject({
  name: z.string(),
  type: z.string(),
  connector: z.looseObject({ state: z.string(), trace: z.string().nullish() }),
  tasks: z.array(task),
});
const expanded = z.record(z.string(), z.looseObject({ status }));

const columns = [
  field('CONNECTOR', 'name'),
  field('TYPE', 'type'),
  field('STATE', 'connector.state'),
  { title: 'TASKS', cell: (item: Wanted) => tasksInWords(status.parse(item).tasks) },
];

/** Sinks and collectors in the words of Kafka Connect, at any server that speaks it. */
export const connectorCommands: readonly Command[] = [
  {
    path: ['connector', 'list'],
    summary: 'Sinks and collectors in Kafka Connect’s words, of any server that speaks it',
    flags: { ...restFlags, ...watchFlag },
    run: (input) =>
      watched(input, async () => {
        const found = expanded.parse(await restClient(input).get('/connectors?expand=status'));
        const items = Object.values(found)
          .map((each) => each.status)
          .toSorted((left, right) => (left.name < right.name ? -1 : 1));
        return linesOfList(input, items, { columns, name: (item) => textAt(item, 'name') ?? '' });
      }),
  },
  {
    path: ['connector', 'describe'],
    operands: '<name>',
    completes: names,
    summary: 'Its config and tasks',
    flags: restFlags,
    run: async (input) => showOne(input, await restClient(input).get(pathOf(input.operand)), input.operand),
  },
  {
    path: ['connector', 'status'],
    operands: '<name>',
    completes: names,
    summary: 'State of the connector and its tasks, with the traces of those that failed',
    flags: { ...restFlags, ...watchFlag },
    run: (input) =>
      watched(input, async () => {
        const answer = await restClient(input).get(pathOf(input.operand, '/status'));
        const form = outputForm(input);
        if (form === 'json' || form === 'yaml') return [await textOf(form, answer)];
        const { name, connector, tasks } = status.parse(answer);
        const rows = tasks.map((each) => [`task ${each.id}`, each.state, each.worker_id ?? '']);
        const traces = tasks.flatMap(({ id, trace }) => (trace ? [`task ${id}: ${trace}`] : []));
        return [...asRows(input, [[name, connector.state, '']]), ...asRows(input, rows), ...traces];
      }),
  },
  {
    path: ['connector', 'apply'],
    summary: 'Adds or changes connectors by files of Kafka Connect, {"name", "config"}',
    flags: { ...restFlags, ...fileFlag, ...dryRunFlag },
    run: (input) => apply(input),
  },
  verb('pause', 'PUT', 'paused', 'Stops reading, keeps tasks'),
  verb('resume', 'PUT', 'resumed', 'Goes on after pause or stop'),
  verb('stop', 'PUT', 'stopped', 'Stops all tasks and gives back what they hold'),
  {
    path: ['connector', 'restart'],
    operands: '<name>…',
    completes: names,
    summary: 'Restarts the connector and its tasks',
    flags: { ...restFlags, 'failed-only': { doc: 'only tasks that have failed' } },
    run: (input) =>
      eachOf(input, async (name) => {
        const query = `?includeTasks=true&onlyFailed=${input.on('failed-only')}`;
        await restClient(input).call('POST', pathOf(name, `/restart${query}`));
        say(input, `${name} restarted.`);
      }),
  },
  {
    path: ['connector', 'delete'],
    operands: '<name>…',
    completes: names,
    summary: 'Removes connectors',
    flags: { ...restFlags, ...yesFlag },
    run: (input) =>
      eachOf(input, async (name) => {
        await confirm(input, `This deletes the connector ${name}.`, name);
        await restClient(input).call('DELETE', pathOf(name));
        say(input, `Deleted ${name}.`);
      }),
  },
  {
    path: ['connector', 'offsets'],
    operands: '<name>',
    completes: names,
    summary: 'Where it is in its topics or source; --reset forgets it, for a stopped one',
    flags: { ...restFlags, reset: { doc: 'forgets them' }, ...yesFlag },
    async run(input) {
      const client = restClient(input);
      const path = pathOf(input.operand, '/offsets');
      if (!input.on('reset')) return showOne(input, await client.get(path), input.operand);
      await confirm(input, `This forgets where ${input.operand} is: it begins anew.`, input.operand);
      const answer = await client.call('DELETE', path);
      say(input, textAt(answer, 'message') ?? `Offsets of ${input.operand} are reset.`);
    },
  },
];

function pathOf(name: string, rest = ''): string {
  return `/connectors/${encodeURIComponent(name)}${rest}`;
}

function eachOf(input: CommandInput, work: (name: string) => Promise<void>): Promise<void> {
  return all(input.operands, (name) => name, work);
}

function verb(name: string, method: string, done: string, summary: string): Command {
  return {
    path: ['connector', name],
    operands: '<name>…',
    completes: names,
    summary,
    flags: restFlags,
    run: (input) =>
      eachOf(input, async (connector) => {
        await restClient(input).call(method, pathOf(connector, `/${name}`));
        say(input, `${connector} ${done}.`);
      }),
  };
}

async function apply(input: CommandInput): Promise<void> {
  const client = restClient(input);
  const wanted = await readWanted(input.text('file') ?? '');
  await all(
    wanted,
    (item) => String(item['name']),
    async ({ name, config }) => {
      if (typeof name !== 'string' || !isRecord(config)) {
        throw new CommandError(exitCodes.failed, 'A connector is {"name": "…", "config": {…}}');
      }
      const old = await client.find(pathOf(name, '/config'));
      const full = Object.fromEntries(Object.entries({ ...config, name }).map(([key, value]) => [key, String(value)]));
      const kept = isRecord(old?.body) ? old.body : null;
      const isSame =
        kept !== null &&
        Object.keys(full).length === Object.keys(kept).length &&
        Object.entries(full).every(([key, value]) => kept[key] === value);
      const word = kept === null ? 'added' : isSame ? 'unchanged' : 'changed';
      if (input.on('dry-run')) {
        const plugin = encodeURIComponent(full['connector.class'] ?? '');
        const found = await client.call('PUT', `/connector-plugins/${plugin}/config/validate`, full);
        const count = Number(textAt(found, 'error_count') ?? '0');
        if (count > 0) throw new CommandError(exitCodes.failed, `${name}: ${count} errors in its config`);
      } else if (!isSame) {
        await client.call('PUT', pathOf(name, '/config'), full);
      }
      say(input, `connector/${name} ${word}${input.on('dry-run') ? ' (dry run)' : ''}`);
    },
  );
}

function tasksInWords(tasks: readonly z.output<typeof task>[]): string {
  const counts = new Map<string, number>();
  for (const { state } of tasks) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'none';
}
