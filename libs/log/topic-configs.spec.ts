import { topicConfigDefault, topicConfigProblems, topicConfigs, topicSettings } from './topic-configs.js';

describe('Topic configs', () => {
  it.each([
    [{}, []],
    [{ 'retention.ms': '-1', 'cleanup.policy': 'compact,delete' }, []],
    [{ 'retention.ms': 'soon' }, ['retention.ms']],
    [{ 'segment.bytes': '1024' }, ['segment.bytes']],
    [{ 'cleanup.policy': 'shred' }, ['cleanup.policy']],
    [{ 'retention.mss': '1' }, ['retention.mss']],
  ])('%j has problems with %j', (configs, names) => {
    expect(topicConfigProblems(configs).map((problem) => problem.name)).toEqual(names);
  });

  it('shows defaults as Kafka writes them', () => {
    expect(topicConfigDefault('cleanup.policy')).toBe('delete');
    expect(topicConfigDefault('flush.ms')).toBe('9223372036854775807');
    expect(topicConfigDefault('follower.replication.throttled.replicas')).toBe('');
    for (const spec of Object.values(topicConfigs)) expect(spec.doc).not.toBe('');
  });

  it('takes a default where a kept value will not do', () => {
    expect(topicSettings({ 'retention.ms': 'soon', 'segment.ms': '5' })).toMatchObject({
      retentionMs: 604_800_000,
      segmentMs: 5,
    });
  });
});
