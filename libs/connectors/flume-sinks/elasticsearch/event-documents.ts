/** Documents as Flume's two Elasticsearch serializers make them. */
import type { EventBatch } from '#pipeline/event-batch';

export type DocumentKind = 'logstash' | 'dynamic';

/** Headers that have a field of their own in Logstash's form. */
const logstashFields = [
  ['source', '@source'],
  ['type', '@type'],
  ['host', '@source_host'],
  ['src_path', '@source_path'],
] as const;

/**
 * `logstash`: `{"@message", "@timestamp", "@source", "@type", "@source_host", "@source_path", "@fields"}`. `dynamic`: the body and each header
 * as fields.
 */
export function documentOf(kind: DocumentKind, batch: EventBatch, index: number, timeMs: number): string {
  const headers = batch.headersOf(index);
  const body = batch.body(index).toString();
  if (kind === 'dynamic') return JSON.stringify({ body: nested(body), ...headers });
  const document: Record<string, unknown> = { '@message': nested(body), '@timestamp': new Date(timeMs).toISOString() };
  for (const [header, name] of logstashFields) if (headers[header] !== undefined) document[name] = headers[header];
  document['@fields'] = headers;
  return JSON.stringify(document);
}

/** A body that is a JSON object stays one, as in Flume; all else is text. */
function nested(body: string): unknown {
  if (!body.trimStart().startsWith('{')) return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** `flume-2026-11-22`, by the day of the event in UTC. */
export function indexOf(prefix: string, timeMs: number): string {
  return `${prefix}-${new Date(timeMs).toISOString().slice(0, 10)}`;
}
