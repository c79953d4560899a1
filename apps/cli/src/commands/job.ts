import { countOf, dryRunFlag, restFlags, UsageError, yesFlag, type Command, type CommandInput } from '../command.js';
import { followJob, followSubmitted, jobPath } from '../follow-job.js';
import { isRecord, readWanted, type Wanted } from '../manifest.js';
import { confirm, say, showList, showOne } from '../output.js';
import { restClient } from '../rest-client.js';
import { describeCommand, dryRunQuery, field, listCommand, namesOf, textAt, type RestNoun } from '../rest-noun.js';

const columns = [
  field('JOB', 'id'),
  field('TYPE', 'type'),
  field('STATE', 'state'),
  {
    title: 'DONE',
    cell: (item: Wanted) => {
      const total = textAt(item, 'progress.total');
      return `${textAt(item, 'progress.done') ?? ''}${total === null ? '' : ` of ${total}`} ${textAt(item, 'progress.unit') ?? ''}`;
    },
  },
  field('BY', 'created_by'),
  field('CREATED', 'created_at'),
];

const jobNoun: RestNoun = {
  noun: 'job',
  path: 'jobs',
  key: 'id',
  columns,
  filters: {
    type: { doc: 'replay, export, redrive …', value: 'type' },
    state: { doc: 'queued, running, succeeded, failed or cancelled', value: 'state' },
  },
};
const detachFlag = { detach: { doc: 'does not follow the job' } };

function cancelCommand(noun: string): Command {
  return {
    path: [noun, 'cancel'],
    operands: '<id>',
    completes: namesOf(jobNoun),
    summary: 'Ends a job where it is; what it has done stays done',
    flags: restFlags,
    async run(input) {
      await restClient(input).call('POST', jobPath(input.operand, ':cancel'));
      say(input, `Job ${input.operand} is being cancelled.`);
    },
  };
}

function watchCommand(noun: string): Command {
  return {
    path: [noun, 'watch'],
    operands: '<id>',
    completes: namesOf(jobNoun),
    summary: 'Follows a job until it has ended; Ctrl-C leaves it running',
    flags: restFlags,
    examples: [`${noun} watch 42`, `${noun} watch 42 -o json`],
    run: (input) => followJob(input, restClient(input), input.operand),
  };
}

export const jobCommands: readonly Command[] = [
  listCommand(jobNoun, 'Long work on the server, newest first'),
  describeCommand(jobNoun, 'One job with its parameters, progress and result'),
  watchCommand('job'),
  cancelCommand('job'),
  {
    path: ['job', 'log'],
    operands: '<id>',
    completes: namesOf(jobNoun),
    summary: 'What a job has to say',
    flags: restFlags,
    async run(input) {
      const answer = await restClient(input).get(jobPath(input.operand, '/log'));
      const lines = isRecord(answer) ? (answer['data'] ?? answer['lines']) : answer;
      for (const line of Array.isArray(lines) ? lines : []) {
        input.out(
          isRecord(line)
            ? `${textAt(line, 'at') ?? ''} ${textAt(line, 'line') ?? textAt(line, 'message') ?? ''}`
            : String(line),
        );
      }
    },
  },
  {
    path: ['job', 'types'],
    summary: 'What jobs there can be',
    flags: restFlags,
    async run(input) {
      const answer = await restClient(input).get('/api/v1/job-types');
      await showList(input, Array.isArray(answer) ? answer.filter(isRecord) : [], {
        columns: [field('TYPE', 'name'), field('SUMMARY', 'summary')],
        name: (item) => textAt(item, 'name') ?? '',
      });
    },
  },
  {
    path: ['job', 'start'],
    operands: '<type>',
    summary: 'Starts a job by its type and a file of its parameters, and follows it',
    flags: {
      ...restFlags,
      file: { doc: 'JSON or YAML with the parameters; - is standard input', value: 'file', short: 'f' },
      set: { doc: 'one parameter; JSON, or a text', value: 'name=value', multiple: true },
      ...detachFlag,
      ...dryRunFlag,
    },
    examples: ['job start export --set topic=orders --set format=parquet', 'job start verify -f verify.yaml --detach'],
    async run(input) {
      const file = input.text('file');
      const [written = {}] = file === null ? [] : await readWanted(file);
      const parameters = { ...written, ...Object.fromEntries(input.all('set').map(parameterOf)) };
      const client = restClient(input);
      const body = { type: input.operand, parameters };
      const answer = await client.request('POST', `/api/v1/jobs${dryRunQuery(input)}`, { body });
      if (input.on('dry-run')) return showOne(input, answer.body, input.operand);
      await followSubmitted(input, client, answer);
    },
  },
];

export const replayCommands: readonly Command[] = [
  listCommand({ ...jobNoun, noun: 'replay', path: 'replays', filters: {} }, 'Replays, newest first'),
  {
    path: ['replay', 'start'],
    summary: 'Sends a range of a topic into a sink again, or into another topic, and follows it',
    flags: {
      ...restFlags,
      sink: { doc: 'into this sink', value: 'name' },
      'target-topic': { doc: 'into this topic instead', value: 'topic' },
      topic: { doc: 'the topic that is read', value: 'topic', required: true },
      from: { doc: 'from here on', value: 'earliest|offset|ISO time', default: 'earliest' },
      to: { doc: 'up to here; what comes later is not read', value: 'latest|offset|ISO time', default: 'latest' },
      rate: { doc: 'most records a second', value: 'n' },
      filter: { doc: 'only those, by an expression', value: 'CEL' },
      ...detachFlag,
      ...dryRunFlag,
      ...yesFlag,
    },
    examples: [
      'replay start --sink orders-table --topic orders --from 2026-01-31T08:00:00Z --dry-run',
      'replay start --target-topic orders-copy --topic orders --rate 5000 --yes',
    ],
    run: (input) => startReplay(input),
  },
  watchCommand('replay'),
  cancelCommand('replay'),
];

async function startReplay(input: CommandInput): Promise<void> {
  const [sink, target] = [input.text('sink'), input.text('target-topic')];
  if ((sink === null) === (target === null))
    throw new UsageError('Say where to: --sink or --target-topic, one of them');
  const rate = countOf(input, 'rate');
  const filter = input.text('filter');
  const to = placeOf(input.text('to') ?? 'latest');
  const body = {
    ...(sink === null ? { target_topic: target } : { sink }),
    from: { topic: input.text('topic'), ...placeOf(input.text('from') ?? 'earliest') },
    ...(Object.keys(to).length === 0 ? {} : { to }),
    ...(rate === null ? {} : { rate_limit: rate }),
    ...(filter === null ? {} : { filter }),
  };
  const client = restClient(input);
  if (!input.on('dry-run'))
    await confirm(input, `This sends records into ${sink ?? target} again.`, sink ?? target ?? '');
  const answer = await client.request('POST', `/api/v1/replays${dryRunQuery(input)}`, { body });
  if (input.on('dry-run')) return showOne(input, answer.body, '');
  await followSubmitted(input, client, answer);
}

/** The ends of a topic are what is meant by saying nothing. */
function placeOf(text: string): { offset?: number; timestamp?: string } {
  if (text === 'earliest' || text === 'latest') return {};
  if (/^\d+$/.test(text)) return { offset: Number(text) };
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new UsageError(`A place is earliest, latest, an offset or an ISO time, and not "${text}"`);
  return { timestamp: new Date(ms).toISOString() };
}

function parameterOf(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--set takes name=value, and got "${text}"`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as unknown];
  } catch {
    return [text.slice(0, at), value];
  }
}
