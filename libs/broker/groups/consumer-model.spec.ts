/**
 * Members of the consumer protocol that come, go, die, fall silent and are slow to give up, with restarts of the coordinator between,
 * under a clock of the test's own, against what must hold at any time: a partition that somebody may commit to is nobody else's, and
 * an epoch that was left behind is never heard again; and once the changes stop, all who live share a stable group within a session
 * and ten seconds.
 */
import { seededRandom, type Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { noPartitions, type Partitions } from '#broker/groups/partitions';
import { WorldMember } from './consumer-world.testkit.js';
import { groupId, GroupWorld, partitions, settle, topic } from './group-world.testkit.js';

const sessionTimeoutMs = 10_000;

class ModelMember {
  readonly member: WorldMember;
  alive = true;
  /** What it works on until it says otherwise, with the epoch that it commits under. */
  working: { partitions: Partitions; epoch: number } = { partitions: noPartitions, epoch: 0 };

  constructor(
    private readonly world: GroupWorld,
    private readonly random: Random,
    id: string,
  ) {
    this.member = new WorldMember(world, id);
  }

  async live(): Promise<void> {
    while (this.alive) {
      const before = this.member.owned;
      const answer = await this.member.beat();
      if (!this.alive) return;
      if (answer.assignment !== null && this.random.next() < 0.3) {
        // Slow to stop: what it was told to give up it still says that it owns.
        const told = this.member.owned;
        this.member.owned = before;
        await this.world.clock.sleep(Math.floor(this.random.next() * 2000));
        this.member.owned = this.member.epoch === 0 ? noPartitions : told;
      }
      this.working = { partitions: this.member.owned, epoch: this.member.epoch };
      await this.world.clock.sleep(
        answer.errorCode === kafkaError.NONE ? Math.min(answer.heartbeatIntervalMs, 1000) : 100,
      );
    }
  }
}

async function churn(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const world = new GroupWorld(seededRandom(seed + 1), {
    'group.consumer.session.timeout.ms': String(sessionTimeoutMs),
    'group.consumer.heartbeat.interval.ms': '2000',
  });
  world.table.putMs = 400;
  world.coordinator.start();
  const members: ModelMember[] = [];
  const newest = new Map<string, number>();
  const tryCommits = async (): Promise<void> => {
    // The dead commit too: that is what a process does that was paused.
    const owners = new Map<number, string>();
    for (const { member, working } of members) {
      for (const partition of working.partitions.get(`id-of-${topic}`) ?? []) {
        if ((await member.commit(working.epoch, partition)) !== kafkaError.NONE) continue;
        expect(owners.get(partition) ?? member.memberId).toBe(member.memberId);
        owners.set(partition, member.memberId);
        expect(working.epoch).toBeGreaterThanOrEqual(newest.get(member.memberId) ?? 0);
        newest.set(member.memberId, working.epoch);
      }
    }
  };
  const start = (): void => {
    const model = new ModelMember(world, random, `m${members.length}`);
    members.push(model);
    void model.live();
  };
  for (let step = 0; step < 60; step += 1) {
    const living = members.filter(({ alive }) => alive);
    const chance = random.next();
    const chosen = living[Math.floor(random.next() * living.length)];
    if (chance < 0.3 && living.length < 6) start();
    else if (chance < 0.45 && chosen !== undefined) chosen.alive = false;
    else if (chance < 0.6 && chosen !== undefined) {
      chosen.alive = false;
      void chosen.member.leave();
    } else if (chance < 0.65) world.clock.stall(30_000);
    else if (chance < 0.75) world.restart();
    else if (chance < 0.8) world.topics.set(topic, partitions + Math.floor(random.next() * 4));
    await world.clock.run(Math.floor(random.next() * 4000));
    await tryCommits();
  }
  world.topics.set(topic, partitions);
  if (!members.some(({ alive }) => alive)) start();
  await world.clock.run(sessionTimeoutMs + 10_000);
  await tryCommits();
  const living = members.filter(({ alive }) => alive);
  const group = world.coordinator.consumerGroup(groupId);
  expect(group?.state).toBe('Stable');
  expect([...(group?.members.keys() ?? [])].sort()).toEqual(living.map(({ member }) => member.memberId).sort());
  const owned = living.flatMap(({ member }) => member.partitions).sort();
  expect(owned).toEqual(Array.from({ length: partitions }, (_, index) => `id-of-${topic}/${index}`));
  for (const model of members) model.alive = false;
  world.coordinator.stop();
  await settle();
}

describe('a group of the consumer protocol under churn', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`keeps one owner a partition and comes to rest (seed ${seed})`, () => churn(seed * 7907));
  }
});
