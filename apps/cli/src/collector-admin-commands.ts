/** Collectors that the administration runs; `collector run` is an agent of one's own. */
import { readFileSync } from 'node:fs';
import { dryRunFlag, restFlags, type Command, type CommandInput, type Flag } from './command.js';
import {
  connectorColumns,
  connectorFilters,
  historyCommands,
  lifeCommands,
  statusCommand,
} from './connector-commands.js';
import { exitCodes } from './exit-codes.js';
import { isRecord, readWanted } from './manifest.js';
import { outputForm, textOf } from './output.js';
import { restClient } from './rest-client.js';
import {
  all,
  applyCommand,
  applyOne,
  deleteCommand,
  describeCommand,
  diffCommand,
  listCommand,
  textAt,
  type RestNoun,
} from './rest-noun.js';
import type { Wanted } from './manifest.js';

export const collectorNoun: RestNoun = {
  noun: 'collector',
  path: 'collectors',
  key: 'name',
  columns: connectorColumns('COLLECTOR'),
  filters: connectorFilters,
  deletes: 'This deletes the collector, its positions stay with its worker:',
};

const agentFlag = {
  agent: { doc: 'which agent of the flume.conf runs; else the only one', value: 'agent' },
} satisfies Record<string, Flag>;
const fileFlag = {
  file: { doc: 'a flume.conf, or JSON or YAML; - is standard input', value: 'file', short: 'f', required: true },
} satisfies Record<string, Flag>;

export const collectorAdminCommands: readonly Command[] = [
  listCommand(collectorNoun, 'Collectors with their state'),
  describeCommand(collectorNoun, 'A collector as it is wanted'),
  statusCommand(collectorNoun),
  {
    path: ['collector', 'create'],
    operands: '[name]',
    summary: 'Adds or changes a collector: a flume.conf under a name, or JSON and YAML that name it',
    flags: { ...restFlags, ...fileFlag, ...agentFlag, ...dryRunFlag },
    examples: ['collector create web -f flume.conf', 'collector create web -f flume.conf --dry-run'],
    async run(input) {
      const client = restClient(input);
      if (input.operand === '') {
        const wanted = await readWanted(input.text('file') ?? '');
        return all(
          wanted,
          (item) => textAt(item, 'name') ?? '',
          (item) => applyOne(input, client, collectorNoun, item),
        );
      }
      const body = confBody(input);
      if (input.on('dry-run')) await explain(input, body);
      await applyOne(input, client, collectorNoun, body);
    },
  },
  {
    path: ['collector', 'explain'],
    summary: 'Says line by line what a flume.conf means here; exit code 1 where it would not run',
    flags: { ...restFlags, ...fileFlag, ...agentFlag },
    examples: ['collector explain -f flume.conf'],
    run: (input) => explain(input, confBody(input)),
  },
  applyCommand(collectorNoun, 'Adds or changes collectors until they are as the file says'),
  diffCommand(collectorNoun, 'What "collector apply" would change'),
  deleteCommand(collectorNoun, 'Removes collectors'),
  ...lifeCommands(collectorNoun),
  ...historyCommands(collectorNoun),
];

function confBody(input: CommandInput): Wanted {
  const path = input.text('file') ?? '';
  const agent = input.text('agent');
  return {
    ...(input.operand === '' ? {} : { name: input.operand }),
    flume_conf: readFileSync(path === '-' ? 0 : path, 'utf8'),
    ...(agent === null ? {} : { agent }),
  };
}

async function explain(input: CommandInput, body: Wanted): Promise<void> {
  const client = restClient(input);
  const isText = outputForm(input) === null || outputForm(input) === 'table';
  const headers: Record<string, string> = isText ? { accept: 'text/plain' } : {};
  const answer = await client.request('POST', '/api/v1/collectors:validate', { body, headers });
  if (isText && typeof answer.body === 'string') {
    input.out(answer.body.trimEnd());
    const { body: checked } = await client.request('POST', '/api/v1/collectors:validate', { body });
    if (textAt(checked, 'valid') !== 'true') process.exitCode = exitCodes.failed;
    return;
  }
  input.out(await textOf(outputForm(input) === 'yaml' ? 'yaml' : 'json', answer.body));
  if (!isRecord(answer.body) || answer.body['valid'] !== true) process.exitCode = exitCodes.failed;
}
