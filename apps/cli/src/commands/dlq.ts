import {
  countOf,
  dryRunFlag,
  restFlags,
  UsageError,
  yesFlag,
  type Command,
  type CommandInput,
  type Flag,
} from '../command.js';
import { followSubmitted } from '../follow-job.js';
import { isRecord, type Wanted } from '../manifest.js';
import { asRows, confirm, linesOfList, outputForm, showOne, textOf, type Column } from '../output.js';
import { restClient } from '../rest-client.js';
import { dryRunQuery, field, namesOf, textAt } from '../rest-noun.js';
import { sinkNoun } from './sink.js';

/** Which dead letters; they go into the query of a list and the body of a job. */
const choiceFlags = {
  stage: { doc: 'TASK_PUT, VALUE_CONVERTER, KEY_CONVERTER, TRANSFORMATION', value: 'stage' },
  'error-class': { doc: 'class of the error', value: 'name' },
  message: { doc: 'part of the message', value: 'text' },
  topic: { doc: 'the topic that the record lay in', value: 'topic' },
  since: { doc: 'died at this time or later', value: 'ISO time' },
  until: { doc: 'died before', value: 'ISO time' },
  filter: { doc: 'an expression: json.amount > 100 && stage == "TASK_PUT"', value: 'CEL' },
} satisfies Record<string, Flag>;

const idFlag = { id: { doc: 'only this letter, as "dlq list" names it', value: 'partition:offset', multiple: true } };
const detachFlag = { detach: { doc: 'does not follow the job' } };

const columns: readonly Column<Wanted>[] = [
  { title: 'LETTER', cell: idOf },
  field('STATE', 'state'),
  field('DIED', 'died_at'),
  field('STAGE', 'error.stage'),
  field('ERROR', 'error.error_class'),
  { title: 'ORIGIN', cell: originOf },
  { title: 'VALUE', cell: (item) => shortened(textAt(item, 'value.text') ?? textAt(item, 'value.base64') ?? '') },
];

const groupColumns: readonly Column<Wanted>[] = [
  field('COUNT', 'count'),
  field('OPEN', 'open'),
  field('STAGE', 'stage'),
  field('ERROR', 'error_class'),
  field('LAST', 'last_at'),
  { title: 'MESSAGE', cell: (item) => shortened(textAt(item, 'message') ?? '') },
];

export const deadLetterCommands: readonly Command[] = [
  {
    path: ['dlq', 'list'],
    operands: '<sink>',
    completes: namesOf(sinkNoun),
    summary: 'Dead letters of a sink, with what they died of',
    flags: {
      ...restFlags,
      ...choiceFlags,
      state: { doc: 'open, sending, redriven or discarded', value: 'state' },
      max: { doc: 'so many', value: 'n', short: 'n', default: '50' },
    },
    examples: [
      'dlq list access-table',
      'dlq list access-table --state open --error-class BadValue',
      'dlq list access-table -o name',
    ],
    async run(input) {
      const query = new URLSearchParams(choiceOf(input));
      const state = input.text('state');
      if (state !== null) query.set('state', state);
      query.set('page_size', String(Math.min(1000, Math.max(1, countOf(input, 'max') ?? 50))));
      const answer = await restClient(input).get(pathOf(input.operand, `/records?${query.toString()}`));
      const items = isRecord(answer) && Array.isArray(answer['data']) ? answer['data'].filter(isRecord) : [];
      for (const line of await linesOfList(input, items, { columns, name: idOf })) input.out(line);
    },
  },
  {
    path: ['dlq', 'group'],
    operands: '<sink>',
    completes: namesOf(sinkNoun),
    summary: 'Dead letters by what they died of, largest group first',
    flags: { ...restFlags, ...choiceFlags },
    async run(input) {
      const answer = await restClient(input).get(
        pathOf(input.operand, `?${new URLSearchParams(choiceOf(input)).toString()}`),
      );
      const form = outputForm(input);
      if (form === 'json' || form === 'yaml') return input.out(await textOf(form, answer));
      const groups = isRecord(answer) && Array.isArray(answer['groups']) ? answer['groups'].filter(isRecord) : [];
      const name = (item: Wanted): string => textAt(item, 'error_class') ?? '';
      for (const line of await linesOfList(input, groups, { columns: groupColumns, name })) input.out(line);
    },
  },
  {
    path: ['dlq', 'show'],
    operands: '<sink>',
    completes: namesOf(sinkNoun),
    summary: 'One dead letter in full',
    flags: { ...restFlags, id: { ...idFlag.id, multiple: false, required: true } },
    async run(input) {
      const { partition, offset } = idIn(input.text('id') ?? '');
      await showOne(input, await restClient(input).get(pathOf(input.operand, `/records/${partition}/${offset}`)), '');
    },
  },
  {
    path: ['dlq', 'redrive'],
    operands: '<sink>',
    completes: namesOf(sinkNoun),
    summary: 'Sends dead letters again, each once: chosen ones, or all that are open',
    flags: {
      ...restFlags,
      ...choiceFlags,
      ...idFlag,
      rate: { doc: 'most records a second; 0 = no limit', value: 'n', default: '1000' },
      'target-topic': { doc: 'where to, instead of where each came from', value: 'topic' },
      ...detachFlag,
      ...dryRunFlag,
      ...yesFlag,
    },
    examples: ['dlq redrive access-table --dry-run', 'dlq redrive access-table --stage TASK_PUT --rate 100 --yes'],
    run(input) {
      const target = input.text('target-topic');
      const own = { rate: countOf(input, 'rate') ?? 1000, ...(target === null ? {} : { target_topic: target }) };
      return handle(input, 'redrive', own, `This sends the dead letters of ${input.operand} again.`);
    },
  },
  {
    path: ['dlq', 'discard'],
    operands: '<sink>',
    completes: namesOf(sinkNoun),
    summary: 'Marks dead letters as done with; they stay in their topic until its retention',
    flags: { ...restFlags, ...choiceFlags, ...idFlag, ...detachFlag, ...dryRunFlag, ...yesFlag },
    run: (input) => handle(input, 'discard', {}, `This discards the dead letters of ${input.operand}.`),
  },
];

async function handle(input: CommandInput, verb: string, own: Wanted, effect: string): Promise<void> {
  const client = restClient(input);
  const ids = input.all('id').map(idIn);
  const body = { ...choiceOf(input), ...(ids.length === 0 ? {} : { ids }), ...own };
  if (!input.on('dry-run')) await confirm(input, effect, input.operand);
  const answer = await client.request('POST', pathOf(input.operand, `:${verb}${dryRunQuery(input)}`), { body });
  if (!input.on('dry-run')) return followSubmitted(input, client, answer);
  if (outputForm(input) !== null) return showOne(input, answer.body, input.operand);
  const counts = isRecord(answer.body) ? (answer.body['counts'] ?? { count: answer.body['count'] }) : {};
  for (const line of asRows(
    input,
    Object.entries(isRecord(counts) ? counts : {}).map(([name, count]) => [name, String(count)]),
  )) {
    input.out(line);
  }
}

function pathOf(sink: string, rest: string): string {
  return `/api/v1/sinks/${encodeURIComponent(sink)}/dlq${rest}`;
}

function choiceOf(input: CommandInput): Record<string, string> {
  return Object.fromEntries(
    Object.keys(choiceFlags).flatMap((name) => {
      const value = input.text(name);
      return value === null ? [] : [[name.replaceAll('-', '_'), value] as const];
    }),
  );
}

function idOf(item: Wanted): string {
  return `${textAt(item, 'partition') ?? ''}:${textAt(item, 'offset') ?? ''}`;
}

function idIn(text: string): { partition: number; offset: number } {
  const found = /^(\d+):(\d+)$/.exec(text);
  if (found === null) throw new UsageError(`--id is partition:offset as "dlq list" shows it, and is "${text}"`);
  return { partition: Number(found[1]), offset: Number(found[2]) };
}

function originOf(item: Wanted): string {
  const topic = textAt(item, 'origin.topic');
  return topic === null
    ? ''
    : `${topic}-${textAt(item, 'origin.partition') ?? ''}@${textAt(item, 'origin.offset') ?? ''}`;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
