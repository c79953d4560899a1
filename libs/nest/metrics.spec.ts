import { MetricsRegistry, processMetrics, type MetricFamily } from './metrics.js';

describe('metrics', () => {
  it('come out in the text form of Prometheus, labels escaped', async () => {
    const registry = new MetricsRegistry();
    const things: MetricFamily[] = [
      {
        name: 'millrace_things',
        help: 'Things.',
        type: 'gauge',
        samples: [
          { labels: {}, value: 1 },
          { labels: { name: 'a "b" \\ c\nd', kind: 'x' }, value: 2.5 },
        ],
      },
    ];
    registry.add('spec', () => things);
    expect(await registry.render()).toBe(
      [
        '# HELP millrace_things Things.',
        '# TYPE millrace_things gauge',
        'millrace_things 1',
        'millrace_things{name="a \\"b\\" \\\\ c\\nd",kind="x"} 2.5',
        '# HELP millrace_scrape_errors Sources of metrics that did not answer this scrape.',
        '# TYPE millrace_scrape_errors gauge',
        'millrace_scrape_errors{source="spec"} 0',
        '',
      ].join('\n'),
    );
  });

  it('leave out a source that fails and count it', async () => {
    const registry = new MetricsRegistry();
    registry.add('process', processMetrics);
    registry.add('broken', () => {
      throw new Error('away');
    });
    const text = await registry.render();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('millrace_scrape_errors{source="broken"} 1');
  });
});
