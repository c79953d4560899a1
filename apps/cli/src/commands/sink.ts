import { restFlags, fileFlag, type Command } from '../command.js';
import {
  connectorColumns,
  connectorFilters,
  historyCommands,
  lifeCommands,
  statusCommand,
} from '../connector-commands.js';
import { readWanted } from '../manifest.js';
import { asRows, showList, showOne } from '../output.js';
import { restClient } from '../rest-client.js';
import { isRecord } from '../manifest.js';
import {
  applyCommand,
  createCommand,
  deleteCommand,
  describeCommand,
  diffCommand,
  field,
  listCommand,
  textAt,
  type RestNoun,
} from '../rest-noun.js';
import { exitCodes } from '../exit-codes.js';

export const sinkNoun: RestNoun = {
  noun: 'sink',
  path: 'sinks',
  key: 'name',
  columns: connectorColumns('SINK'),
  filters: {
    ...connectorFilters,
    type: { doc: 'of this type', value: 'type' },
    topic: { doc: 'those that read this topic', value: 'topic' },
  },
  deletes: 'This deletes the sink; what its store holds stays:',
};

export const sinkCommands: readonly Command[] = [
  listCommand(sinkNoun, 'Sinks with their state'),
  describeCommand(sinkNoun, 'A sink as it is wanted; secrets are hidden'),
  statusCommand(sinkNoun),
  createCommand(sinkNoun, 'Adds sinks while everything runs; a file of Kafka Connect, {"name", "config"}, will do too'),
  applyCommand(sinkNoun, 'Adds or changes sinks until they are as the file says'),
  diffCommand(sinkNoun, 'What "sink apply" would change'),
  deleteCommand(sinkNoun, 'Removes sinks; their committed offsets stay', {
    offsets: { doc: 'drop: a sink of that name begins anew', value: 'keep|drop' },
  }),
  ...lifeCommands(sinkNoun),
  ...historyCommands(sinkNoun),
  {
    path: ['sink', 'validate'],
    summary: 'Says what is wrong with a sink, by place; exit code 1 where something is',
    flags: { ...restFlags, ...fileFlag },
    async run(input) {
      const client = restClient(input);
      for (const wanted of await readWanted(input.text('file') ?? '')) {
        const found = await client.call('POST', '/api/v1/sinks:validate', wanted);
        const isValid = isRecord(found) && found['valid'] === true;
        const errors = isRecord(found) && Array.isArray(found['errors']) ? found['errors'] : [];
        input.out(`${textAt(wanted, 'name') ?? 'The sink'} is ${isValid ? 'valid' : 'not valid'}.`);
        for (const error of errors) input.out(`${textAt(error, 'pointer') ?? ''}: ${textAt(error, 'message') ?? ''}`);
        if (!isValid) process.exitCode = exitCodes.failed;
      }
    },
  },
  {
    path: ['sink', 'test'],
    summary: 'Asks the store whether a sink would work; writes nothing; exit code 1 where it would not',
    flags: { ...restFlags, ...fileFlag },
    async run(input) {
      const client = restClient(input);
      for (const wanted of await readWanted(input.text('file') ?? '')) {
        const found = await client.call('POST', '/api/v1/sinks:test', wanted);
        const steps = isRecord(found) && Array.isArray(found['steps']) ? found['steps'] : [];
        const rows = steps.map((step) => {
          const ok = textAt(step, 'ok');
          const word = ok === null ? 'skipped' : ok === 'true' ? 'ok' : 'failed';
          return [textAt(step, 'name') ?? '', word, `${textAt(step, 'ms') ?? '0'} ms`, textAt(step, 'detail') ?? ''];
        });
        for (const line of asRows(input, rows)) input.out(line);
        if (textAt(found, 'ok') !== 'true') process.exitCode = exitCodes.failed;
      }
    },
  },
  {
    path: ['sink', 'types'],
    operands: '[type]',
    completes: { rest: 'sink-types', key: 'name' },
    summary: 'What sinks there can be; one in full with its options',
    flags: restFlags,
    async run(input) {
      const client = restClient(input);
      if (input.operand !== '') {
        const type = await client.get(`/api/v1/sink-types/${encodeURIComponent(input.operand)}`);
        return showOne(input, type, input.operand);
      }
      const items = (await client.list('/api/v1/sink-types')).filter(isRecord);
      await showList(input, items, {
        columns: [field('TYPE', 'name'), field('SUMMARY', 'doc')],
        name: (item) => textAt(item, 'name') ?? '',
      });
    },
  },
];
