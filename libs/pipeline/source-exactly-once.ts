/** Whether a source's channels can hold its positions, and the transactions that do. */
import { MillraceError, type ErrorKind } from '#std/errors';
import { Cluster, parseBootstrap } from '#topics/cluster';
import type { AgentChannel } from '#pipeline/agent-channel';
import type { AgentServices, ComponentContext, Source } from '#pipeline/collector';
import type { SourcePlan } from '#pipeline/flume-plan';
import { SourceTransactions } from '#pipeline/source-transactions';

export const exactlyOnceErrors = {
  impossible: { code: 'pipeline.exactly-once.impossible', retriable: false },
} satisfies Record<string, ErrorKind>;

export interface TransactionSurroundings {
  readonly plan: SourcePlan;
  readonly owner: string;
  readonly services: AgentServices;
  readonly channels: ReadonlyMap<string, AgentChannel>;
  readonly context: ComponentContext;
  readonly onLost: (error: Error, isFinal: boolean) => void;
}

/** Null where not all channels are topics of one cluster that acknowledge with acks=all, or where it is disabled. */
export function openTransactions(surroundings: TransactionSurroundings): SourceTransactions | null {
  const { plan, owner, services, channels, context, onLost } = surroundings;
  if (plan.exactlyOnce.support === 'disabled') return null;
  const puts = [...channels.values()].map((channel) => channel.transactional);
  const first = puts[0] ?? null;
  if (first === null) return null;
  if (puts.some((other) => other?.bootstrap !== first.bootstrap || other.security !== first.security)) return null;
  return new SourceTransactions({
    plan: plan.exactlyOnce,
    owner: plan.exactlyOnce.owner ?? owner,
    source: plan.name,
    context,
    openCluster: () =>
      new Cluster({
        bootstrap: parseBootstrap(first.bootstrap),
        clientId: `${owner}-${plan.name}`,
        security: first.security,
        clock: services.clock,
        logger: services.logger,
      }),
    writer: first.writer,
    onLost,
  });
}

/** Stops a source that has started, and throws, where exactly-once is required of it and it does not take part. */
export async function requireTransactions(
  plan: SourcePlan,
  transactions: SourceTransactions | null,
  source: Source,
): Promise<void> {
  if (plan.exactlyOnce.support !== 'required' || transactions?.isActive === true) return;
  await source.stop();
  const reason =
    transactions === null
      ? 'its channels are not all topics of one cluster, written with acks=all'
      : `a ${plan.type.name} source cannot be rewound`;
  throw new MillraceError(
    exactlyOnceErrors.impossible,
    `source ${plan.name}: exactly.once.support=required cannot be kept, because ${reason}. Change the channels, or set it to requested.`,
  );
}
