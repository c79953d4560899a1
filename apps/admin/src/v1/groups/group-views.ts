import { z } from 'zod';
import type { GroupDescription, GroupLag, GroupListing } from '#topics/topic-admin';
import { pageQuery } from '../page.js';
import { keyOf } from './lag-seconds.js';

const state = z.string().describe('Kafka’s words: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead.');

export const GroupsQuery = pageQuery.extend({
  filter: z.string().max(200).optional().describe('Part of the name, in any case.'),
  state: z.string().max(40).optional().describe('Only groups in this state, in any case.'),
});

export const GroupSummaryView = z
  .object({ kind: z.literal('Group'), name: z.string(), state, protocol_type: z.string() })
  .meta({ id: 'GroupSummary' });

const Place = z.object({ topic: z.string(), partition: z.int() });

export const GroupView = GroupSummaryView.extend({
  protocol: z.string().describe('The assignor.'),
  coordinator: z.int().describe('Id of the node.'),
  members: z.array(
    z.object({
      id: z.string(),
      instance_id: z.string().nullable().describe('Of a static member.'),
      client_id: z.string(),
      client_host: z.string(),
      partitions: z.array(Place),
    }),
  ),
}).meta({ id: 'Group' });

export const GroupLagView = z
  .object({
    kind: z.literal('GroupLag'),
    name: z.string(),
    total: z.int().describe('Records behind, of partitions with a committed offset.'),
    lag_seconds: z.int().nullable().describe('Age of the oldest record that waits; null: not known. 0: none waits.'),
    partitions: z.array(
      Place.extend({
        committed: z.int().nullable().describe('null: nothing was committed.'),
        earliest: z.int(),
        latest: z.int(),
        lag: z.int().nullable().describe('Records behind.'),
        lag_seconds: z
          .int()
          .nullable()
          .describe(
            'Age of the first record that waits; null: not known, also beyond the 32 partitions furthest behind.',
          ),
        member_id: z.string().nullable(),
        client_id: z.string().nullable(),
        client_host: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'GroupLag' });

export const ResetBody = z
  .strictObject({
    topic: z.string().min(1).max(249),
    partitions: z.array(z.int().min(0)).min(1).max(10_000).optional().describe('Default: all.'),
    to: z
      .union([
        z.enum(['earliest', 'latest']),
        z.strictObject({ timestamp: z.iso.datetime({ offset: true }) }),
        z.strictObject({ offset: z.int().min(0) }),
        z.strictObject({ shift_by: z.int().describe('Records, negative: back; from what is committed.') }),
      ])
      .describe('Offsets outside the log become its start or its end.'),
  })
  .meta({ id: 'GroupOffsetsReset' });
export type ResetBody = z.output<typeof ResetBody>;

export const ResetPlanView = z
  .object({
    kind: z.literal('GroupOffsetsPlan'),
    group: z.string(),
    topic: z.string(),
    applied: z.boolean(),
    members: z.int().describe('A plan is refused while there are any.'),
    partitions: z.array(
      z.object({
        partition: z.int(),
        old_offset: z.int().nullable().describe('null: nothing was committed.'),
        new_offset: z.int(),
      }),
    ),
  })
  .meta({ id: 'GroupOffsetsPlan' });

export function summaryView({ groupId, state: now, protocolType }: GroupListing): z.input<typeof GroupSummaryView> {
  return { kind: 'Group', name: groupId, state: now, protocol_type: protocolType };
}

export function groupView(group: GroupDescription): z.input<typeof GroupView> {
  return {
    ...summaryView(group),
    protocol: group.protocol,
    coordinator: group.coordinatorId,
    members: group.members.map((member) => ({
      id: member.memberId,
      instance_id: member.groupInstanceId,
      client_id: member.clientId,
      client_host: member.clientHost,
      partitions: [...member.assignment],
    })),
  };
}

export function lagView(
  name: string,
  lags: readonly GroupLag[],
  seconds: ReadonlyMap<string, number>,
): z.input<typeof GroupLagView> {
  const known = lags.flatMap((each) => seconds.get(keyOf(each)) ?? []);
  return {
    kind: 'GroupLag',
    name,
    total: lags.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    lag_seconds: known.length === 0 ? null : Math.max(...known),
    partitions: lags.map(({ topic, partition, committed, start, end, lag, memberId, clientId, clientHost }) => {
      const member = { member_id: memberId, client_id: clientId, client_host: clientHost };
      const behind = { lag, lag_seconds: seconds.get(keyOf({ topic, partition })) ?? null };
      return { topic, partition, committed, earliest: start, latest: end, ...behind, ...member };
    }),
  };
}
