import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { table, urlFlag, type Command, type CommandInput } from '../command.js';
import { RestClient } from '../rest-client.js';

const taskStatus = z.object({
  id: z.number(),
  state: z.string(),
  worker_id: z.string().nullish(),
  trace: z.string().nullish(),
  last_error: z.string().nullish(),
  activity: z.string().nullish(),
  guarantee: z.string().nullish(),
});
const connectorStatus = z.object({
  name: z.string(),
  type: z.string(),
  connector: z.object({ state: z.string(), worker_id: z.string().nullish(), trace: z.string().nullish() }),
  tasks: z.array(taskStatus),
});
const expanded = z.record(z.string(), z.object({ status: connectorStatus }));
const definition = z.object({ name: z.string(), config: z.record(z.string(), z.unknown()) });

export const sinkCommands: readonly Command[] = [
  {
    path: ['sink', 'list'],
    summary: 'Sinks with their state',
    flags: { url: urlFlag },
    async run(input) {
      const all = expanded.parse(await client(input).get('/connectors?expand=status'));
      const rows = Object.values(all)
        .filter(({ status }) => status.type === 'sink')
        .map(({ status }) => [status.name, status.connector.state, tasksInWords(status.tasks)]);
      for (const line of table([['SINK', 'STATE', 'TASKS'], ...rows])) input.out(line);
    },
  },
  {
    path: ['sink', 'create'],
    summary: 'Adds a sink while everything runs; the file holds {"name": …, "config": {…}} as Kafka Connect takes it',
    flags: { url: urlFlag, file: { doc: 'the JSON file', value: 'file', short: 'f', required: true } },
    async run(input) {
      const wanted = readDefinition(input.text('file') ?? '');
      await client(input).call('POST', '/connectors', wanted);
      input.out(`Added ${wanted.name}. "millrace sink status ${wanted.name}" shows how it does.`);
    },
  },
  {
    path: ['sink', 'status'],
    operands: '<name>',
    summary: 'State of a sink and of each of its tasks, its guarantee, and the last error',
    flags: { url: urlFlag },
    async run(input) {
      const name = input.operand;
      const status = connectorStatus.parse(await client(input).get(`/connectors/${encodeURIComponent(name)}/status`));
      input.out(`${status.name}  ${status.connector.state}`);
      const rows = status.tasks.map((task) => [
        `task ${task.id}`,
        task.state,
        task.worker_id ?? '',
        task.guarantee ?? '',
      ]);
      for (const line of table(rows)) input.out(line);
      for (const task of status.tasks) {
        const reason = task.trace ?? task.last_error;
        if (reason) input.out(`task ${task.id}: ${reason}`);
        if (task.activity) input.out(`task ${task.id}: ${task.activity}`);
      }
    },
  },
];

/** Throws a sentence that names the file where it is not what Connect takes. */
function readDefinition(path: string): z.infer<typeof definition> {
  const wanted = `expected {"name": "…", "config": {…}}`;
  const text = readFileSync(path, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON; ${wanted}`, { cause: error });
  }
  const parsed = definition.safeParse(json);
  if (!parsed.success) throw new Error(`${path} does not define a sink; ${wanted}:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function client(input: CommandInput): RestClient {
  return new RestClient(input.text('url') ?? '');
}

function tasksInWords(tasks: readonly z.infer<typeof taskStatus>[]): string {
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'none';
}
