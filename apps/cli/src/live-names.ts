/** Names as they are now, for completion: quickly or not at all. */
import { z } from 'zod';
import type { Command, CommandInput, LiveNames } from './command.js';
import { readContexts } from './context-file.js';
import { restClient } from './rest-client.js';
import { withCluster } from './topics-client.js';

/** A person waits with a finger on the tab key. */
export const liveNamesMsMax = 2_000;
const namesMax = 1_000;

export async function liveNames(command: Command, input: CommandInput): Promise<readonly string[]> {
  const { completes } = command;
  if (completes === undefined) return [];
  const found = await namesOf(completes, input);
  return found.slice(0, namesMax);
}

async function namesOf(names: LiveNames, input: CommandInput): Promise<readonly string[]> {
  if (names === 'context') return Object.keys(readContexts().contexts);
  if (typeof names === 'object') {
    const item = z.record(z.string(), z.unknown());
    const list = z.looseObject({ data: z.array(item) });
    const { data } = list.parse(await restClient(input).get(`/api/v1/${names.rest}?page_size=1000`));
    return data.flatMap((each) => (typeof each[names.key] === 'string' ? [each[names.key] as string] : []));
  }
  let found: readonly string[] = [];
  await withCluster(input, async (_cluster, admin) => {
    found =
      names === 'topic'
        ? (await admin.listTopics()).map(({ name }) => name)
        : (await admin.listGroups()).map(({ groupId }) => groupId);
  });
  return found;
}
