/** Which requests a batch becomes, and which of them may be under way at once. */
import type { RecordRefusal } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { encodePart, headerText, TemplateError, type RecordTemplate } from './record-template.js';

export interface PlannedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Rising. */
  readonly indices: readonly number[];
  /** The records have no value, which takes what they name away. */
  readonly isDelete: boolean;
}

export interface PlanSettings {
  readonly url: RecordTemplate;
  readonly headers: readonly (readonly [name: string, value: RecordTemplate])[];
  readonly onNull: 'ignore' | 'delete' | 'fail';
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** Requests of one lane go one after the other. */
  readonly order: 'partition' | 'key' | 'none';
  readonly lanes: number;
}

export interface RequestPlan {
  readonly lanes: readonly (readonly PlannedRequest[])[];
  readonly refusals: readonly RecordRefusal[];
  /** Records without a value that are passed over. */
  readonly ignored: number;
}

interface Growing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly headersText: string;
  readonly isDelete: boolean;
  readonly indices: number[];
  bytes: number;
}

/** Leaves out the records that `isDone` says are through. */
export function planRequests(
  batch: SinkBatch,
  settings: PlanSettings,
  isDone: (index: number) => boolean,
): RequestPlan {
  const laneCount = settings.order === 'partition' ? 1 : settings.lanes;
  const lanes: Growing[][] = Array.from({ length: laneCount }, () => []);
  const refusals: RecordRefusal[] = [];
  const constantHeaders = Object.fromEntries(
    settings.headers
      .filter(([, { isConstant }]) => isConstant)
      .map(([name, value]) => [name, value.render(batch, 0, headerText)]),
  );
  const perRecord = settings.headers.filter(([, { isConstant }]) => !isConstant);
  const constantUrl = settings.url.isConstant ? settings.url.render(batch, 0, encodePart) : null;
  let ignored = 0;
  for (let index = 0; index < batch.count; index += 1) {
    if (isDone(index)) continue;
    const value = batch.value(index);
    if (value === null && settings.onNull !== 'delete') {
      if (settings.onNull === 'ignore') ignored += 1;
      else refusals.push({ index, message: 'it has no value; behavior.on.null.values says what to do then' });
      continue;
    }
    try {
      const url = constantUrl ?? settings.url.render(batch, index, encodePart);
      const headers =
        perRecord.length === 0
          ? constantHeaders
          : {
              ...constantHeaders,
              ...Object.fromEntries(perRecord.map(([name, text]) => [name, text.render(batch, index, headerText)])),
            };
      const lane = lanes[laneOf(batch, index, settings.order, laneCount)] ?? [];
      add(lane, { url, headers, isDelete: value === null, index, bytes: value?.length ?? 0 }, settings);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      refusals.push({ index, message: error.message });
    }
  }
  return { lanes: lanes.filter((lane) => lane.length > 0), refusals, ignored };
}

interface Placed {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isDelete: boolean;
  readonly index: number;
  readonly bytes: number;
}

function add(lane: Growing[], record: Placed, { recordsMax, bytesMax }: PlanSettings): void {
  const { url, headers, isDelete, index, bytes } = record;
  const last = lane.at(-1);
  const headersText = JSON.stringify(headers);
  const fits =
    last !== undefined &&
    !isDelete &&
    !last.isDelete &&
    last.indices.length < recordsMax &&
    last.bytes + bytes <= bytesMax &&
    last.url === url &&
    last.headersText === headersText;
  if (fits) {
    last.indices.push(index);
    last.bytes += bytes;
  } else lane.push({ url, headers, headersText, isDelete, indices: [index], bytes });
}

function laneOf(batch: SinkBatch, index: number, order: PlanSettings['order'], lanes: number): number {
  if (lanes === 1) return 0;
  if (order === 'none') return index % lanes;
  const key = batch.key(index);
  if (key === null) return index % lanes;
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % lanes;
}
