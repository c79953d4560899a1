import { restFlags, topicFlags, watchFlag, type Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { asRows, outputForm, textOf, watched } from '../output.js';
import { lookAround, type ConnectorLine } from '../overview.js';
import { restClient } from '../rest-client.js';
import { withCluster } from '../topics-client.js';

export const statusCommand: Command = {
  path: ['status'],
  summary: 'Whether all is well: topics, sinks, collectors, groups; exit code 1 where something has failed',
  flags: { ...restFlags, ...topicFlags, ...watchFlag },
  examples: ['status', 'status -o json', 'status --watch'],
  run: (input) =>
    withCluster(input, (_cluster, admin) =>
      watched(input, async () => {
        const found = await lookAround(restClient(input), admin);
        const failed = [...found.sinks, ...found.collectors].filter(({ state }) => state === 'FAILED');
        if (failed.length > 0 || found.adminError !== null) process.exitCode = exitCodes.failed;
        const form = outputForm(input);
        if (form === 'json' || form === 'yaml') return [await textOf(form, found)];
        const records = found.topics.reduce((sum, each) => sum + each.records, 0);
        const behind = found.groups.filter(({ lag }) => (lag ?? 0) > 0);
        return [
          ...asRows(input, [
            ['topics', String(found.topics.length), `${records} records`],
            ['sinks', String(found.sinks.length), statesOf(found.sinks)],
            ['collectors', String(found.collectors.length), statesOf(found.collectors)],
            ['groups', String(found.groups.length), behind.length === 0 ? 'none behind' : `${behind.length} behind`],
          ]),
          ...(found.adminError === null ? [] : [found.adminError]),
          ...failed.map(({ name }) => `${name} has failed: "millrace connector status ${name}" says why.`),
        ];
      }),
    ),
};

function statesOf(lines: readonly ConnectorLine[]): string {
  const counts = new Map<string, number>();
  for (const { state } of lines) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}
