import { describe, expect, it } from '@jest/globals';
import { describeChannelContract, names, numbered, startChannel, takeAll, textsOf } from '../channel.testkit.js';
import { pseudoTransactionChannel } from './pseudo-transaction-channel.js';

const open = (options: Record<string, string>) =>
  startChannel(pseudoTransactionChannel, options, { stateDirectory: '/nowhere' });

describeChannelContract('the pseudo-transaction channel', {
  open: ({ capacity }) => open({ capacity: String(capacity) }),
  hasTransactionCapacity: false,
  refuses: false,
});

describe('the pseudo-transaction channel', () => {
  it('takes a batch that is larger than itself piece by piece, while a sink takes', async () => {
    const channel = await open({});
    const putting = channel.put(numbered(0, 120));
    expect(channel.size()).toBe(50);
    const take = await channel.take(100, 0);
    expect(textsOf(take)).toEqual(names(0, 50));
    await take?.commit();
    expect(await takeAll(channel)).toEqual(names(50, 120));
    await putting;
  });
});
