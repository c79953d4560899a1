import { seededRandom } from '#std/random';
import { assignors, type AssignedMember, type AssignedTopic } from './assignors.js';
import { countOf, noPartitions, toRows, type Partitions } from './partitions.js';

function memberOf(memberId: string, topics: readonly string[], target: Partitions = noPartitions): AssignedMember {
  return { memberId, instanceId: null, topicIds: new Set(topics), target };
}

function assign(name: string, members: readonly AssignedMember[], topics: readonly AssignedTopic[]) {
  const assignor = assignors.get(name);
  if (assignor === undefined) throw new Error(`no assignor ${name}`);
  return assignor(members, topics);
}

const topics = [
  { topicId: 'A', partitions: 3 },
  { topicId: 'B', partitions: 3 },
];

describe('the range assignor', () => {
  it('gives runs, and the same ones of topics that are read alike', () => {
    const shares = assign('range', [memberOf('m1', ['A', 'B']), memberOf('m2', ['A', 'B'])], topics);
    expect(toRows(shares.get('m1') ?? noPartitions)).toEqual([
      ['A', [0, 1]],
      ['B', [0, 1]],
    ]);
    expect(toRows(shares.get('m2') ?? noPartitions)).toEqual([
      ['A', [2]],
      ['B', [2]],
    ]);
  });

  it('orders static members by their names, so that a restart changes nothing', () => {
    const shares = assign(
      'range',
      [
        { ...memberOf('z', ['A']), instanceId: 'one' },
        { ...memberOf('a', ['A']), instanceId: 'two' },
      ],
      topics,
    );
    expect(toRows(shares.get('z') ?? noPartitions)).toEqual([['A', [0, 1]]]);
  });

  it('gives nothing to who is left over', () => {
    const members = ['m1', 'm2', 'm3', 'm4'].map((id) => memberOf(id, ['A']));
    const shares = assign('range', members, topics);
    expect(members.map(({ memberId }) => countOf(shares.get(memberId) ?? noPartitions))).toEqual([1, 1, 1, 0]);
  });
});

describe('the uniform assignor', () => {
  it('keeps as much as the balance allows when members come and go', () => {
    const first = assign('uniform', [memberOf('m1', ['A', 'B']), memberOf('m2', ['A', 'B'])], topics);
    const again = ['m1', 'm2'].map((id) => memberOf(id, ['A', 'B'], first.get(id)));
    const second = assign('uniform', [...again, memberOf('m3', ['A', 'B'])], topics);
    expect(['m1', 'm2', 'm3'].map((id) => countOf(second.get(id) ?? noPartitions))).toEqual([2, 2, 2]);
    expect(kept(first, second)).toBe(4);
    const third = assign(
      'uniform',
      ['m1', 'm3'].map((id) => memberOf(id, ['A', 'B'], second.get(id))),
      topics,
    );
    expect(kept(second, third)).toBe(4);
  });

  it('evens out among members that read different topics', () => {
    const shares = assign('uniform', [memberOf('m1', ['A', 'B']), memberOf('m2', ['A'])], topics);
    expect([...shares.values()].map(countOf)).toEqual([3, 3]);
  });

  it('drops partitions and topics that are not there any more', () => {
    const old = new Map([
      ['A', new Set([0, 7])],
      ['gone', new Set([0])],
    ]);
    const shares = assign('uniform', [memberOf('m1', ['A'], old)], topics);
    expect(toRows(shares.get('m1') ?? noPartitions)).toEqual([['A', [0, 1, 2]]]);
  });
});

describe.each([...assignors.keys()])('%s, whoever reads what', (name) => {
  it.each([1, 2, 3, 4, 5])('gives every partition to one of those who read its topic (seed %d)', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 50; round += 1) {
      const some = Array.from({ length: 1 + Math.floor(random.next() * 5) }, (_, index) => ({
        topicId: `t${index}`,
        partitions: 1 + Math.floor(random.next() * 9),
      }));
      const members = Array.from({ length: 1 + Math.floor(random.next() * 6) }, (_, index) => {
        const read = some.filter(() => random.next() < 0.7).map(({ topicId }) => topicId);
        const had = new Map(read.map((topicId) => [topicId, new Set([index, Math.floor(random.next() * 12)])]));
        return memberOf(`m${index}`, read, had);
      });
      const shares = assign(name, members, some);
      for (const { topicId, partitions } of some) {
        const readers = members.filter(({ topicIds }) => topicIds.has(topicId));
        const given = readers.flatMap(({ memberId }) => [...(shares.get(memberId)?.get(topicId) ?? [])]);
        expect(given.sort((left, right) => left - right)).toEqual(
          readers.length === 0 ? [] : Array.from({ length: partitions }, (_, partition) => partition),
        );
      }
      if (name === 'uniform') expect(unevenMoves(members, shares)).toEqual([]);
    }
  });
});

function kept(before: ReadonlyMap<string, Partitions>, after: ReadonlyMap<string, Partitions>): number {
  let count = 0;
  for (const [memberId, partitions] of before) {
    for (const [topicId, numbers] of partitions) {
      for (const partition of numbers) if (after.get(memberId)?.get(topicId)?.has(partition) === true) count += 1;
    }
  }
  return count;
}

/** Partitions that would be better off with somebody else who reads their topic. */
function unevenMoves(members: readonly AssignedMember[], shares: ReadonlyMap<string, Partitions>): string[] {
  const countFor = (memberId: string): number => countOf(shares.get(memberId) ?? noPartitions);
  return members.flatMap((from) =>
    [...(shares.get(from.memberId)?.keys() ?? [])].flatMap((topicId) =>
      members
        .filter((to) => to.topicIds.has(topicId) && countFor(to.memberId) + 1 < countFor(from.memberId))
        .map((to) => `${topicId} from ${from.memberId} to ${to.memberId}`),
    ),
  );
}
