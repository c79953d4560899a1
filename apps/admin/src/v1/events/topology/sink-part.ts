/** A sink in the picture: the topics that it reads, itself, the store, and where its dead letters go. */
import type { ConnectorLook } from '../looks/connectors-look.js';
import type { GroupLook } from '../looks/groups-look.js';
import type { TopicLook } from '../looks/topics-look.js';
import type { LiveLooks } from '../live-looks.js';
import { maxOf, numberOf, sumOf } from '../said.js';
import { typeOf } from '../tables/connectors-table.js';
import { deadLetterTopicOf } from '../tables/further-tables.js';
import { wholeOf } from './collector-part.js';
import { nodeKey, type Drawing } from './drawing.js';
import { storeOf } from './store-place.js';

/** Of its time that a sink spends waiting for its store. */
const busyFrom = 0.9;
const lagShownFrom = 100;

interface SinkSurroundings {
  readonly looks: LiveLooks;
  readonly topics: ReadonlyMap<string, TopicLook>;
  /** Null: its group has committed nothing, or is in another cluster. */
  readonly group: GroupLook | null;
  readonly atMs: number;
}

export function drawSink(drawing: Drawing, look: ConnectorLook, surroundings: SinkSurroundings): void {
  const { looks, topics, atMs } = surroundings;
  const { tasks, mark, connector } = look;
  const flowing = wholeOf(look);
  const isRunning = flowing.state === 'running' || flowing.state === 'waiting';
  const key = nodeKey('sink', mark.name);
  const store = nodeKey('sink', mark.name, 'store');
  const type = typeOf(looks, look);
  const sent = isRunning ? sumOf(tasks, 'sink_record_send_rate') : null;
  const bytes = looks.rates.of(`sink ${mark.name} bytes`, sumOf(tasks, 'sink_record_bytes_total'), atMs);
  const letters = sumOf(tasks, 'deadletterqueue_produce_requests');
  const errors = sumOf(tasks, 'total_record_failures') + sumOf(tasks, 'total_retries');
  drawing.node(key, {
    stage: 'sink',
    name: mark.name,
    type,
    connector: mark.name,
    ...flowing,
    in_per_second: isRunning ? sumOf(tasks, 'sink_record_read_rate') : null,
    out_per_second: sent,
    errors: looks.history.recent(`sink ${mark.name}`, errors, atMs),
  });
  const place = storeOf(connector, looks.environment);
  drawing.node(store, {
    stage: 'store',
    name: place === '' ? type : place,
    type,
    connector: mark.name,
    ...flowing,
    in_per_second: sent,
  });
  drawing.edge({
    from: key,
    to: store,
    state: flowing.state,
    records_per_second: sent,
    bytes_per_second: isRunning ? bytes : null,
    back_pressure: flowing.state === 'waiting',
    dropped_intended: sumOf(tasks, 'sink_record_filtered_total'),
    dropped_lost: sumOf(tasks, 'total_records_lost'),
  });
  drawReads(drawing, look, { ...surroundings, state: flowing.state, sent: isRunning ? sent : null, key });
  const deadLetters = deadLetterTopicOf(connector.config, looks.environment);
  if (deadLetters !== null && topics.has(deadLetters)) {
    const rate = looks.rates.of(`sink ${mark.name} letters`, letters, atMs);
    const to = nodeKey('topic', deadLetters);
    drawing.edge({ from: key, to, state: flowing.state, records_per_second: rate });
  }
}

function drawReads(
  drawing: Drawing,
  { connector, tasks, mark }: ConnectorLook,
  given: SinkSurroundings & { readonly state: ReturnType<typeof wholeOf>['state']; sent: number | null; key: string },
): void {
  const { looks, topics, group, atMs, state, sent, key } = given;
  const named = (connector.config['topics'] ?? '').split(',').map((name) => name.trim());
  const committed = Map.groupBy(group?.committed ?? [], ({ topic }) => topic);
  const reads = [...new Set([...named, ...committed.keys()])].filter((name) => topics.has(name));
  const lagMs = maxOf(tasks, 'lag_ms');
  const putMs = tasks.reduce(
    (sum, { details }) =>
      sum + (numberOf(details['put_batch_total']) ?? 0) * (numberOf(details['put_batch_avg_time_ms']) ?? 0),
    0,
  );
  const busy = (looks.rates.of(`sink ${mark.name} put ms`, putMs, atMs) ?? 0) / 1000 / Math.max(1, tasks.length);
  for (const name of reads) {
    const places = committed.get(name) ?? [];
    const ends = topics.get(name)?.ends ?? [];
    const lag = places.reduce((sum, { partition, offset }) => sum + Math.max(0, (ends[partition] ?? 0) - offset), 0);
    const perSecond =
      reads.length === 1
        ? sent
        : looks.rates.of(
            `sink ${mark.name} reads ${name}`,
            places.reduce((sum, { offset }) => sum + offset, 0),
            atMs,
          );
    const isRising = looks.history.isRising(`sink ${mark.name} ${name}`, lag, atMs);
    const isSlow = busy > busyFrom || state === 'waiting';
    drawing.edge({
      from: nodeKey('topic', name),
      to: key,
      state,
      records_per_second: perSecond,
      lag_records: group === null ? null : lag,
      lag_seconds: lag === 0 && group !== null ? 0 : sent === null || lagMs === null ? null : Math.round(lagMs / 1000),
      back_pressure: lag > lagShownFrom && (isSlow || (isRising && sent !== null && busy > busyFrom / 2)),
    });
  }
}
