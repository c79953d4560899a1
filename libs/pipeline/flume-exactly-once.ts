/** Options that every source has, for positions that are kept in one transaction with events; names as Kafka Connect's (KIP-618). */
import { defineOptions, parseOptions } from '#config/options';
import type { ComponentConf } from '#pipeline/flume-conf';
import type { ExactlyOncePlan } from '#pipeline/flume-plan';
import type { ConfProblems } from '#pipeline/flume-problem';

export const exactlyOnceOptions = defineOptions({
  'exactly.once.support': {
    type: 'string',
    values: ['requested', 'required', 'disabled'],
    default: 'requested',
    doc: 'Positions of a source that can be rewound are kept in one Kafka transaction with its events where all its channels are topics of one cluster: `requested` does so where it is possible, `required` fails the source elsewhere, `disabled` never does.',
  },
  'offsets.storage.topic': {
    type: 'string',
    default: 'millrace-source-positions',
    doc: 'Compacted topic that holds the positions; made where it is not there.',
  },
  'transaction.boundary.interval.ms': {
    type: 'int',
    default: 20,
    min: 0,
    max: 10_000,
    unit: 'ms',
    doc: 'How long a transaction gathers deliveries before it is committed. Readers of committed records see events so much later.',
  },
  'exactly.once.owner': {
    type: 'string',
    doc: 'Name under which the positions are kept. Of two running agents with the same owner and source, the later stops the earlier. Default: the name of the collector; with `collector run`, the host and the agent.',
  },
});

export const exactlyOnceKeys: readonly string[] = Object.keys(exactlyOnceOptions);

/** Null where an error was found (and reported). */
export function planExactlyOnce(source: ComponentConf, joins: boolean, problems: ConfProblems): ExactlyOncePlan | null {
  const written: Record<string, string> = {};
  for (const name of exactlyOnceKeys) {
    const value = source.keys.get(name);
    if (value !== undefined) written[name] = value.text;
  }
  const { values, problems: mistakes } = parseOptions(exactlyOnceOptions, written);
  for (const mistake of mistakes) {
    const at = source.keys.get(mistake.name)?.at ?? source.at;
    problems.error(at, `source ${source.name}: ${mistake.message}`);
  }
  const support = values['exactly.once.support'];
  if (support === 'required' && !joins) {
    problems.error(
      source.keys.get('exactly.once.support')?.at ?? source.at,
      `source ${source.name}: exactly.once.support=required needs topics as channels; not all of its channels are.`,
    );
    return null;
  }
  if (mistakes.length > 0) return null;
  return {
    support,
    positionsTopic: values['offsets.storage.topic'],
    boundaryMs: values['transaction.boundary.interval.ms'],
    owner: values['exactly.once.owner'],
  };
}
