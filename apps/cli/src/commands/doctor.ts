import { securityOfFile } from '#nest/client-properties';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { table, topicFlags, UsageError, type Command } from '../command.js';
import { findCompatibility, type Finding } from '../doctor/compatibility.js';
import { requireReachable } from '../reach.js';

const signs = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

export const doctorCommand: Command = {
  path: ['doctor'],
  summary: 'Proves on a cluster, ours or any Kafka, that what the product needs of topics works there',
  flags: {
    ...topicFlags,
    output: { doc: 'table or json', value: 'form', short: 'o', default: 'table' },
  },
  async run(input) {
    const form = input.text('output') ?? 'table';
    if (form !== 'table' && form !== 'json') throw new UsageError(`--output must be table or json, and is "${form}"`);
    const bootstrap = parseBootstrap(input.text('bootstrap') ?? '');
    const security = securityOfFile(input.text('client-properties'));
    await requireReachable(bootstrap);
    const cluster = new Cluster({
      bootstrap,
      clientId: 'millrace-doctor',
      security,
      clock: systemClock,
      logger: silentLogger,
    });
    try {
      const findings = await findCompatibility(cluster, (finding) => {
        if (form === 'table') for (const line of linesOf(finding)) input.out(line);
      });
      if (form === 'json') input.out(JSON.stringify(findings, null, 2));
      const failed = findings.filter(({ result }) => result !== 'ok');
      if (failed.length > 0) {
        throw new Error(
          `${failed.length} of ${findings.length} checks did not pass at ${bootstrap.join(', ')}. ` +
            `Without them: ${[...new Set(failed.map(({ neededBy }) => neededBy))].join('; ')}.`,
        );
      }
      if (form === 'table') input.out(`All ${findings.length} checks passed at ${bootstrap.join(', ')}.`);
    } finally {
      await cluster.close();
    }
  },
};

function linesOf({ check, result, ms, detail }: Finding): string[] {
  return table([[signs[result].padEnd(7), check.padEnd(40), `${ms} ms`.padStart(8), detail]]);
}
