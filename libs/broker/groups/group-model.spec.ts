/**
 * Members that come, go, die and fall silent at random, with restarts between, under a clock of the test's own, against what must hold at any time:
 * in one generation a partition has one owner whose commits are accepted, and no older generation is heard again; and once the
 * changes stop, all who live share a stable generation within ten seconds and a session.
 */
import { seededRandom, type Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import type { JoinAnswer } from '#broker/groups/group-member';
import { groupId, GroupWorld, partitions, settle } from './group-world.testkit.js';

const sessionTimeoutMs = 10_000;

/** A consumer as clients are: joins, assigns where it leads, beats each second, joins again when told. */
class ModelMember {
  joined: JoinAnswer | null = null;
  owned: readonly number[] = [];
  /** Every generation that it had a part in. */
  readonly past: { readonly joined: JoinAnswer; readonly owned: readonly number[] }[] = [];
  alive = true;
  private memberId = '';
  private readonly connection = new AbortController();

  constructor(
    private readonly world: GroupWorld,
    private readonly random: Random,
  ) {}

  /** Runs until it dies or leaves. */
  async live(): Promise<void> {
    while (this.alive) {
      if (!(await this.enter())) {
        await this.world.clock.sleep(100 + Math.floor(this.random.next() * 200));
        continue;
      }
      while (this.alive && this.joined !== null) {
        await this.world.clock.sleep(1000);
        this.beat();
      }
    }
  }

  /** Never heard again; its connection may be seen to close, or not. */
  die(visibly: boolean): void {
    this.alive = false;
    if (visibly) this.connection.abort();
  }

  leave(): void {
    this.alive = false;
    this.world.coordinator.leave(groupId, [{ memberId: this.memberId, groupInstanceId: null }]);
  }

  private async enter(): Promise<boolean> {
    this.joined = null;
    this.owned = [];
    const answer = await this.world.join({
      memberId: this.memberId,
      sessionTimeoutMs,
      rebalanceTimeoutMs: 8_000,
      requireKnownMemberId: true,
      signal: this.connection.signal,
    });
    if (answer.errorCode === kafkaError.MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId;
      return this.alive && this.enter();
    }
    if (answer.errorCode !== kafkaError.NONE) {
      if (answer.errorCode === kafkaError.UNKNOWN_MEMBER_ID) this.memberId = '';
      return false;
    }
    if (this.random.next() < 0.2) await this.world.clock.sleep(Math.floor(this.random.next() * 3000));
    if (!this.alive) return false;
    const ids = answer.members.map((member) => member.memberId);
    const shares = Object.fromEntries(
      ids.map((id, index) => [
        id,
        numbers(partitions)
          .filter((number) => number % ids.length === index)
          .join(),
      ]),
    );
    const synced = await this.world.sync(answer, shares, { signal: this.connection.signal });
    if (synced.errorCode !== kafkaError.NONE) {
      if (synced.errorCode === kafkaError.UNKNOWN_MEMBER_ID) this.memberId = '';
      return false;
    }
    const text = synced.assignment.toString();
    this.owned = text === '' ? [] : text.split(',').map(Number);
    this.joined = answer;
    this.past.push({ joined: answer, owned: this.owned });
    return true;
  }

  private beat(): void {
    if (!this.alive || this.joined === null) return;
    const code = this.world.beat(this.joined);
    if (code === kafkaError.NONE) return;
    if (code !== kafkaError.REBALANCE_IN_PROGRESS)
      this.memberId = code === kafkaError.UNKNOWN_MEMBER_ID ? '' : this.memberId;
    this.joined = null;
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

async function churn(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const world = new GroupWorld(seededRandom(seed + 1), {
    'group.initial.rebalance.delay.ms': seed % 2 === 0 ? '0' : '500',
  });
  world.table.putMs = seed % 3 === 0 ? 0 : 400;
  world.coordinator.start();
  const members: ModelMember[] = [];
  const owners = new Map<string, string>();
  let newest = 0;
  const tryCommits = async (): Promise<void> => {
    // The dead commit too, and the living for generations that are over: that is what a process does that was paused.
    for (const { joined, owned } of members.flatMap((member) => member.past.slice(-4))) {
      for (const partition of owned) {
        if ((await world.commit(joined, 1, partition)) !== kafkaError.NONE) continue;
        expect(joined.generationId).toBeGreaterThanOrEqual(newest);
        newest = joined.generationId;
        const place = `${joined.generationId}/${partition}`;
        expect(owners.get(place) ?? joined.memberId).toBe(joined.memberId);
        owners.set(place, joined.memberId);
      }
    }
  };
  const start = (): void => {
    const member = new ModelMember(world, random);
    members.push(member);
    void member.live();
  };
  for (let step = 0; step < 60; step += 1) {
    const living = members.filter((member) => member.alive);
    const chance = random.next();
    const chosen = living[Math.floor(random.next() * living.length)];
    if (chance < 0.3 && living.length < 6) start();
    else if (chance < 0.4) chosen?.die(true);
    else if (chance < 0.5) chosen?.die(false);
    else if (chance < 0.6) chosen?.leave();
    else if (chance < 0.65) world.clock.stall(30_000);
    else if (chance < 0.75) world.restart();
    await world.clock.run(Math.floor(random.next() * 4000));
    await tryCommits();
  }
  if (!members.some((member) => member.alive)) start();
  await world.clock.run(sessionTimeoutMs + 10_000);
  await tryCommits();
  const living = members.filter((member) => member.alive);
  const group = world.coordinator.describe(groupId);
  expect(group.state).toBe('Stable');
  expect(group.members.map((member) => member.memberId).sort()).toEqual(
    living.map((member) => member.joined?.memberId ?? '').sort(),
  );
  expect(living.flatMap((member) => member.owned).sort((left, right) => left - right)).toEqual(numbers(partitions));
  for (const member of living) member.die(true);
  world.coordinator.stop();
  await settle();
}

describe('a group under churn', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`keeps one owner a partition and comes to rest (seed ${seed})`, () => churn(seed * 7919));
  }
});
