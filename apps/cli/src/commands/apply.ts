import { dryRunFlag, fileFlag, restFlags, type Command, type CommandInput } from '../command.js';
import { CommandError, exitCodes } from '../exit-codes.js';
import { readWanted, type Wanted } from '../manifest.js';
import { restClient, type RestClient } from '../rest-client.js';
import { all, applyOne, diffOne, textAt, type RestNoun } from '../rest-noun.js';
import { collectorNoun } from '../collector-admin-commands.js';
import { sinkNoun } from './sink.js';

/** By `kind`, as REST says it. */
const nouns = new Map<string, RestNoun>([
  ['sink', sinkNoun],
  ['collector', collectorNoun],
]);

export const applyCommands: readonly Command[] = [
  {
    path: ['apply'],
    summary: 'Adds or changes sinks and collectors until they are as the file says; each has its "kind"',
    flags: { ...restFlags, ...fileFlag, ...dryRunFlag },
    examples: ['apply -f everything.yaml --dry-run', 'sink list -o yaml | millrace apply -f -'],
    run: (input) => each(input, (client, noun, wanted) => applyOne(input, client, noun, wanted)),
  },
  {
    path: ['diff'],
    summary: 'What "apply" would change',
    flags: { ...restFlags, ...fileFlag, 'exit-code': { doc: 'ends with 1 where something would change' } },
    run: (input) => each(input, (client, noun, wanted) => diffOne(input, client, noun, wanted)),
  },
];

async function each(
  input: CommandInput,
  work: (client: RestClient, noun: RestNoun, wanted: Wanted) => Promise<unknown>,
): Promise<void> {
  const client = restClient(input);
  await all(
    await readWanted(input.text('file') ?? ''),
    (wanted) => textAt(wanted, 'name') ?? 'something without a name',
    (wanted) => {
      const kind = textAt(wanted, 'kind') ?? '';
      const noun = nouns.get(kind.toLowerCase());
      if (noun !== undefined) return work(client, noun, wanted);
      throw new CommandError(exitCodes.failed, `Its "kind" must be Sink or Collector, and is "${kind}"`);
    },
  );
}
