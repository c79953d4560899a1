import { build, lines, settle, TestSink } from './agent.testkit.js';

describe('writes of a sink that are under way', () => {
  it('are few where they are large, whatever their number may be', async () => {
    const sink = new TestSink([], 100);
    const { agent, source, channel } = build({ sink });
    let release: () => void = () => undefined;
    sink.hold = new Promise((resolve) => {
      release = resolve;
    });
    await agent.start();
    const large = 'x'.repeat(6 * 1024 * 1024);
    for (let count = 0; count < 5; count += 1) await source.deliver(lines(large));
    await settle();
    expect(sink.underWay).toBe(3);
    release();
    for (let round = 0; round < 10 && channel.committed.length < 5; round += 1) await settle();
    expect(channel.committed).toHaveLength(5);
    await agent.stop();
  });
});
