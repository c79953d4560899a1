import { join } from 'node:path';
import { topicFlags, type Command } from '../command.js';
import { securityOfFile } from '#nest/client-properties';
import { createLogger } from '#std/log';

const confFlag = { doc: 'the flume.conf', value: 'file', short: 'f', required: true };

export const collectorCommands: readonly Command[] = [
  {
    path: ['collector', 'run'],
    summary: 'Runs one agent of a flume.conf in the foreground, as flume-ng agent does',
    flags: {
      conf: confFlag,
      name: { doc: 'the agent in that file', value: 'agent', short: 'n', required: true },
      ...topicFlags,
      data: {
        doc: 'folder for positions and channels that name none',
        value: 'dir',
        short: 'd',
        default: 'millrace-data/collector',
      },
    },
    async run(input) {
      const { runAgent } = await import('../../../collector/src/run-agent.js');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const agentName = input.text('name') ?? '';
      await runAgent({
        confPath: input.text('conf') ?? '',
        agentName,
        bootstrap: input.text('bootstrap') ?? '',
        security: securityOfFile(input.text('client-properties')),
        stateDirectory: join(process.cwd(), input.text('data') ?? '', agentName),
        logger: createLogger({
          write: (line) => process.stderr.write(`${line}\n`),
          now: () => new Date().toISOString(),
        }),
        signal: stop.signal,
      });
    },
  },
  {
    path: ['collector', 'validate'],
    summary: 'Says all that is wrong with a flume.conf, by file and line; exit code 1 when an agent would not run',
    flags: { conf: confFlag, name: { doc: 'one agent; else all in the file', value: 'agent', short: 'n' } },
    async run(input) {
      const { validateConf } = await import('../../../collector/src/run-agent.js');
      const result = validateConf(input.text('conf') ?? '', input.text('name') ?? undefined);
      for (const line of result.lines) input.out(line);
      if (!result.valid) process.exitCode = 1;
    },
  },
];
