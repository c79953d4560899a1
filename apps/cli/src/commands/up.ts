import type { Command } from '../command.js';

export const upCommand: Command = {
  path: ['up'],
  summary: 'Everything in one process: topics, collectors, sinks, administration and a database',
  flags: {
    config: { doc: 'a millrace.json or a flume.conf to run instead of the demo', value: 'file', short: 'c' },
    data: {
      doc: 'folder that keeps everything',
      value: 'dir',
      short: 'd',
      env: 'MILLRACE_DATA',
      default: 'millrace-data',
    },
    'topics-port': {
      doc: 'port of the Kafka protocol; the next free one if taken',
      value: 'port',
      env: 'MILLRACE_TOPICS_PORT',
    },
    'http-port': { doc: 'port of REST; the next free one if taken', value: 'port', env: 'MILLRACE_HTTP_PORT' },
  },
  async run(input) {
    const { runStandalone } = await import('../../../standalone/src/run-standalone.js');
    await runStandalone({
      configPath: input.text('config'),
      dataDirectory: input.text('data') ?? 'millrace-data',
      topicsPort: input.text('topics-port'),
      httpPort: input.text('http-port'),
      out: input.out,
    });
  },
};
