import {
  countOf,
  dryRunFlag,
  topicFlags,
  UsageError,
  watchFlag,
  yesFlag,
  type Command,
  type CommandInput,
} from '../command.js';
import { CommandError, exitCodes } from '../exit-codes.js';
import { asRows, confirm, linesOfList, outputForm, say, showList, textOf, watched, type Column } from '../output.js';
import { withCluster } from '../topics-client.js';
import type { GroupLag, OffsetsAt, TopicAdmin } from '#topics/topic-admin';

/** Groups that are asked for their lag at once. */
const groupsAtOnce = 8;

interface Move {
  readonly topic: string;
  readonly partition: number;
  readonly from: number | null;
  readonly to: number;
}

interface GroupRow {
  readonly group: string;
  readonly state: string;
  readonly lag: number | null;
}

const groupColumns: readonly Column<GroupRow>[] = [
  { title: 'GROUP', cell: ({ group }) => group },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'LAG', cell: ({ lag }) => String(lag ?? '') },
];

const lagColumns: readonly Column<GroupLag>[] = [
  { title: 'TOPIC', cell: ({ topic }) => topic },
  { title: 'PARTITION', cell: ({ partition }) => String(partition) },
  { title: 'COMMITTED', cell: ({ committed }) => String(committed ?? '') },
  { title: 'END', cell: ({ end }) => String(end) },
  { title: 'LAG', cell: ({ lag }) => String(lag ?? '') },
  { title: 'MEMBER', cell: ({ memberId }) => memberId ?? '' },
  { title: 'CLIENT', cell: ({ clientId, clientHost }) => [clientId, clientHost].filter(Boolean).join('@') },
];

const moveColumns: readonly Column<Move>[] = [
  { title: 'TOPIC', cell: ({ topic }) => topic },
  { title: 'PARTITION', cell: ({ partition }) => String(partition) },
  { title: 'FROM', cell: ({ from }) => String(from ?? '') },
  { title: 'TO', cell: ({ to }) => String(to) },
  { title: 'SHIFT', cell: ({ from, to }) => (from === null ? '' : String(to - from)) },
];

const seekFlags = {
  ...topicFlags,
  topic: { doc: 'only this topic; else all that the group has committed', value: 'topic', short: 't', multiple: true },
  partition: { doc: 'only this partition', value: 'n', short: 'p', multiple: true },
  to: { doc: 'where to', value: 'earliest|latest|offset|ISO time' },
  'to-earliest': { doc: 'the oldest record, as Kafka’s tools say it' },
  'to-latest': { doc: 'what comes next' },
  'to-offset': { doc: 'this offset', value: 'n' },
  'to-datetime': { doc: 'the first record at or after', value: 'ISO time' },
  'shift-by': { doc: 'so many records from where it is: -100, 50', value: 'n' },
  ...dryRunFlag,
  ...yesFlag,
};

const seekSummary = 'Moves what a group has committed, when none of its members runs; shows the table first';
const seekExamples = [
  'group seek readers --topic orders --to earliest --dry-run',
  'group seek readers --to 2026-01-31T08:00:00Z --yes',
  'group seek readers --shift-by -100',
];

export const groupCommands: readonly Command[] = [
  {
    path: ['group', 'list'],
    summary: 'Groups with their state and how many records they are behind',
    flags: { ...topicFlags, ...watchFlag },
    run: (input) =>
      withCluster(input, (_cluster, admin) =>
        watched(input, async () => {
          const form = { columns: groupColumns, name: ({ group }: GroupRow) => group };
          return linesOfList(input, await groupRows(admin), form);
        }),
      ),
  },
  {
    path: ['group', 'describe'],
    operands: '<group>',
    operandFlag: 'group',
    completes: 'group',
    summary: 'State, members, and each partition with its lag',
    flags: { ...topicFlags, group: { doc: 'the group, as Kafka’s tools say it', value: 'group' }, ...watchFlag },
    run: (input) =>
      withCluster(input, (_cluster, admin) =>
        watched(input, async () => {
          const group = await requireGroup(admin, input.operand);
          const lag = await admin.groupLag(input.operand);
          const form = outputForm(input);
          if (form === 'json' || form === 'yaml') return [await textOf(form, { ...group, partitions: lag })];
          const behind = String(lagOf(lag) ?? '');
          const head = asRows(input, [[group.groupId, group.state, group.protocol, `${behind} records behind`]]);
          return [...head, ...(await lagLines(input, lag))];
        }),
      ),
  },
  {
    path: ['group', 'lag'],
    operands: '<group>',
    completes: 'group',
    summary: 'Each partition with what is committed, the end, and the lag',
    flags: { ...topicFlags, ...watchFlag },
    run: (input) =>
      withCluster(input, (_cluster, admin) =>
        watched(input, async () => {
          await requireGroup(admin, input.operand);
          return lagLines(input, await admin.groupLag(input.operand));
        }),
      ),
  },
  ...['seek', 'reset'].map((verb): Command => ({
    path: ['group', verb],
    operands: '<group>',
    completes: 'group',
    summary: seekSummary,
    flags: seekFlags,
    examples: seekExamples,
    run: (input) => withCluster(input, (_cluster, admin) => seek(input, admin)),
  })),
  {
    path: ['group', 'delete'],
    operands: '<group>',
    completes: 'group',
    summary: 'Forgets a group and all that it has committed',
    flags: { ...topicFlags, ...yesFlag },
    run: (input) =>
      withCluster(input, async (_cluster, admin) => {
        await requireGroup(admin, input.operand);
        await confirm(input, `This forgets what group ${input.operand} has committed.`, input.operand);
        await admin.deleteGroup(input.operand);
        say(input, `Deleted ${input.operand}.`);
      }),
  },
];

/** For `status` and `top` too. */
export async function groupRows(admin: TopicAdmin): Promise<GroupRow[]> {
  const groups = [...(await admin.listGroups())].toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1));
  const rows: GroupRow[] = [];
  for (let at = 0; at < groups.length; at += groupsAtOnce) {
    const part = groups.slice(at, at + groupsAtOnce);
    const found = part.map(async ({ groupId, state }) => {
      return { group: groupId, state, lag: lagOf(await admin.groupLag(groupId)) };
    });
    rows.push(...(await Promise.all(found)));
  }
  return rows;
}

/** Null where nothing was committed. */
function lagOf(partitions: readonly GroupLag[]): number | null {
  const known = partitions.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  return known.length === 0 ? null : known.reduce((sum, lag) => sum + lag, 0);
}

function lagLines(input: CommandInput, lag: readonly GroupLag[]): Promise<string[]> {
  return linesOfList(input, lag, {
    columns: lagColumns,
    name: ({ topic, partition }) => `${topic}-${partition}`,
  });
}

/** A group that nobody knows is answered as dead without members. */
async function requireGroup(admin: TopicAdmin, groupId: string) {
  const group = await admin.describeGroup(groupId);
  if (group.state === 'Dead' && group.members.length === 0) {
    throw new CommandError(exitCodes.notFound, `There is no group ${groupId}. "millrace group list" shows all.`);
  }
  return group;
}

type Target = OffsetsAt | { readonly offset: number } | { readonly shiftBy: number };

async function seek(input: CommandInput, admin: TopicAdmin): Promise<void> {
  const target = targetOf(input);
  const groupId = input.operand;
  const moves = await movesOf(admin, groupId, target, {
    topics: input.all('topic'),
    partitions: input.all('partition').map(Number),
  });
  if (moves.length === 0) {
    throw new CommandError(exitCodes.notFound, `Group ${groupId} has committed nothing here: name a topic by --topic.`);
  }
  await showList(input, moves, { columns: moveColumns, name: ({ topic, partition }) => `${topic}-${partition}` });
  if (input.on('dry-run')) return;
  const { members } = await admin.describeGroup(groupId);
  if (members.length > 0) {
    throw new CommandError(
      exitCodes.conflict,
      `Group ${groupId} has ${members.length} running members, which would go on from where they are. Stop them first; ` +
        'a sink’s group moves with its sink stopped.',
    );
  }
  await confirm(input, `This moves group ${groupId} as shown.`, groupId);
  await admin.resetGroupOffsets(
    groupId,
    moves.map(({ topic, partition, to }) => ({ topic, partition, offset: to })),
  );
  if (outputForm(input) === null) say(input, `Moved ${moves.length} partitions of ${groupId}.`);
}

async function movesOf(
  admin: TopicAdmin,
  groupId: string,
  target: Target,
  only: { readonly topics: readonly string[]; readonly partitions: readonly number[] },
): Promise<Move[]> {
  const committed = await admin.groupOffsets(groupId);
  const topics = only.topics.length > 0 ? only.topics : [...new Set(committed.map(({ topic }) => topic))];
  const moves: Move[] = [];
  for (const topic of topics) {
    const at = typeof target === 'object' ? 'latest' : target;
    const [starts, ends, found] = await Promise.all([
      admin.offsets(topic, 'earliest'),
      admin.offsets(topic, 'latest'),
      admin.offsets(topic, at),
    ]);
    for (const [index, { partition, offset }] of found.entries()) {
      if (only.partitions.length > 0 && !only.partitions.includes(partition)) continue;
      const from = committed.find((each) => each.topic === topic && each.partition === partition)?.offset ?? null;
      const [start, end] = [starts[index]?.offset ?? 0, ends[index]?.offset ?? 0];
      const wanted = wantedOffset(target, { from, offset, end });
      if (wanted === null) continue;
      moves.push({ topic, partition, from, to: Math.min(end, Math.max(start, wanted)) });
    }
  }
  return moves;
}

/** Null where nothing was committed that could be shifted. No record at or after a time: what comes next is. */
function wantedOffset(
  target: Target,
  { from, offset, end }: { from: number | null; offset: number; end: number },
): number | null {
  if (typeof target !== 'object') return offset >= 0 ? offset : end;
  if ('offset' in target) return target.offset;
  return from === null ? null : from + target.shiftBy;
}

function targetOf(input: CommandInput): Target {
  const given: Target[] = [];
  const to = input.text('to');
  if (to !== null) given.push(namedTarget(to));
  if (input.on('to-earliest')) given.push('earliest');
  if (input.on('to-latest')) given.push('latest');
  const offset = countOf(input, 'to-offset');
  if (offset !== null) given.push({ offset });
  const time = input.text('to-datetime');
  if (time !== null) given.push(timeOf('--to-datetime', time));
  const shift = input.text('shift-by');
  if (shift !== null) {
    if (!/^[+-]?\d+$/.test(shift)) throw new UsageError(`--shift-by must be a whole number, and is "${shift}"`);
    given.push({ shiftBy: Number(shift) });
  }
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw new UsageError('Say once where to: --to earliest, latest, an offset or a time, or --shift-by');
}

function namedTarget(text: string): Target {
  if (text === 'earliest' || text === 'latest') return text;
  return /^\d+$/.test(text) ? { offset: Number(text) } : timeOf('--to', text);
}

export function timeOf(flag: string, text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`${flag} must be an ISO time as 2026-01-31T08:00:00Z, and is "${text}"`);
  return ms;
}
