/** What is there and how it is, in one look; what `status` and `top` show. */
import { messageOf } from '#std/errors';
import type { TopicAdmin } from '#topics/topic-admin';
import { groupRows } from './commands/group.js';
import { isRecord } from './manifest.js';
import type { RestClient } from './rest-client.js';
import { textAt } from './rest-noun.js';

/** Sinks and topics that are asked one by one; of more only so many are looked at. */
const itemsMax = 200;
const atOnce = 8;

export interface Overview {
  readonly atMs: number;
  readonly topics: readonly { readonly topic: string; readonly records: number; readonly end: number }[];
  readonly sinks: readonly ConnectorLine[];
  readonly collectors: readonly ConnectorLine[];
  readonly groups: readonly { readonly group: string; readonly state: string; readonly lag: number | null }[];
  /** Why nothing is known of sinks and collectors; null where it is. */
  readonly adminError: string | null;
}

export interface ConnectorLine {
  readonly name: string;
  readonly state: string;
  /** Records; null where it is not known. */
  readonly lag: number | null;
  readonly lagSeconds: number | null;
}

/** The administration may be away: topics are shown all the same. */
export async function lookAround(client: RestClient, admin: TopicAdmin): Promise<Overview> {
  const atMs = Date.now();
  const [topics, groups, connectors] = await Promise.all([
    topicLines(admin),
    groupRows(admin),
    connectorLines(client).catch((error: unknown) => messageOf(error)),
  ]);
  const isKnown = typeof connectors !== 'string';
  return {
    atMs,
    topics,
    groups,
    sinks: isKnown ? connectors.sinks : [],
    collectors: isKnown ? connectors.collectors : [],
    adminError: isKnown ? null : connectors,
  };
}

async function topicLines(admin: TopicAdmin): Promise<Overview['topics']> {
  const topics = (await admin.listTopics()).filter(({ internal }) => !internal).slice(0, itemsMax);
  return inParts(topics, async ({ name }) => {
    const [starts, ends] = await Promise.all([admin.offsets(name, 'earliest'), admin.offsets(name, 'latest')]);
    const sum = (list: typeof ends): number => list.reduce((total, { offset }) => total + offset, 0);
    return { topic: name, records: sum(ends) - sum(starts), end: sum(ends) };
  });
}

async function connectorLines(
  client: RestClient,
): Promise<{ sinks: readonly ConnectorLine[]; collectors: readonly ConnectorLine[] }> {
  const [sinks, collectors] = await Promise.all(
    ['sinks', 'collectors'].map(async (path) => {
      const items = (await client.list(`/api/v1/${path}?page_size=1000`)).filter(isRecord).slice(0, itemsMax);
      return inParts(items, async (item) => {
        const name = textAt(item, 'name') ?? '';
        // One whose status cannot be told does not hide the others.
        const asked = client.find(`/api/v1/${path}/${encodeURIComponent(name)}/status`);
        const found = await asked.catch(() => null);
        return {
          name,
          state: textAt(found?.body, 'state') ?? textAt(item, 'status.state') ?? 'UNKNOWN',
          lag: numberAt(found?.body, 'lag_records'),
          lagSeconds: numberAt(found?.body, 'lag_seconds'),
        };
      });
    }),
  );
  return { sinks: sinks ?? [], collectors: collectors ?? [] };
}

function numberAt(item: unknown, path: string): number | null {
  const text = textAt(item, path);
  return text === null ? null : Number(text);
}

async function inParts<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += atOnce) {
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))));
  }
  return results;
}
