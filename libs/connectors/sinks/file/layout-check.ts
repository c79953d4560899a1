import { fieldTimeMs } from '#connectors/formats/record-time';
import { jsonValueOf } from '#connectors/formats/json-rows';
import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { RollingLayout } from './partition-writer.js';

/** Throws PoisonRecordError for the first record that has no path: folders are named after fields of JSON values, and it has none. */
export function checkLayout({ template, timeField }: RollingLayout, batch: SinkBatch): void {
  const needsField = timeField !== null && template.needsTime;
  if (!template.needsFields && !needsField) return;
  for (let index = 0; index < batch.count; index += 1) {
    const where = `Record ${batch.topic}-${batch.partition}@${batch.offset(index)}`;
    if (jsonValueOf(batch, index) === undefined) {
      throw new PoisonRecordError(`${where} is not JSON, and its folder is named after a field of it.`, index);
    }
    if (needsField && timeField !== null && fieldTimeMs(batch, index, timeField) === null) {
      throw new PoisonRecordError(
        `${where} has no time in its field ${timeField}, and its folder is named after that: milliseconds, or text such as 2026-01-31T12:30:00Z.`,
        index,
      );
    }
  }
}
