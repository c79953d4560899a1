import { defineOptions, type OptionValues } from '#config/options';
import { MorphlineCompileError } from '#morphlines/errors';
import { EventMorphline, type EventMorphlineOptions } from '#morphlines/event-morphline';
import { Morphline } from '#morphlines/morphline';
import { MorphlineRecord, fields } from '#morphlines/record';
import type { ComponentContext, ComponentRemark } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

/** Options of all that runs a morphline, by Flume's names. */
export const morphlineOptions = defineOptions({
  morphlineFile: {
    type: 'string',
    required: true,
    doc: 'The morphline file (HOCON). Relative names count from the working directory of the collector.',
  },
  morphlineId: { type: 'string', doc: 'The `id` of the morphline in the file. Default: the first.' },
  morphlineVariable: {
    type: 'map',
    doc: '`morphlineVariable.NAME = value` replaces the value of `NAME` in the file, wherever it refers to `${NAME}`.',
  },
  isProductionMode: {
    type: 'boolean',
    default: false,
    doc: 'Errors of commands are logged, counted and passed over, and their event is dropped. False fails the delivery, so that it is tried again.',
  },
  isIgnoringRecoverableExceptions: {
    type: 'boolean',
    default: false,
    doc: 'Accepted, without effect: no command here has errors that pass by themselves.',
  },
  recoverableExceptionClasses: { type: 'string', doc: 'Accepted, without effect: there are no Java classes here.' },
});

type Values = OptionValues<typeof morphlineOptions>;

/** What is wrong with the file, for validation. A file that is not there may be there where the collector runs. */
export function checkMorphline(options: Readonly<Record<string, string>>): readonly ComponentRemark[] {
  const file = options['morphlineFile'];
  if (file === undefined) return [];
  const overrides = Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) =>
      key.startsWith('morphlineVariable.') ? [[key.slice('morphlineVariable.'.length), value]] : [],
    ),
  );
  try {
    const morphlineId = options['morphlineId'] ?? null;
    Morphline.compileFile(file, { clock: systemClock, logger: silentLogger, morphlineId, overrides });
    return [];
  } catch (error) {
    if (!(error instanceof MorphlineCompileError)) throw error;
    const severity = error.message.endsWith('does not exist') ? 'warning' : 'error';
    return [{ severity, option: 'morphlineFile', message: error.message }];
  }
}

export function openMorphline(values: Values, context: ComponentContext): EventMorphline {
  const options: EventMorphlineOptions = {
    clock: context.clock,
    logger: context.logger,
    morphlineId: values.morphlineId,
    overrides: values.morphlineVariable,
    isProductionMode: values.isProductionMode,
    count: (name, by) => context.count(name, by),
  };
  return new EventMorphline(values.morphlineFile, options);
}

/** The records of a batch's events: headers as fields, and the body as `_attachment_body` unless it is empty. */
export function* recordsOf(batch: EventBatch): Generator<MorphlineRecord> {
  const columns = [...batch.headers];
  for (let index = 0; index < batch.count; index += 1) {
    const record = MorphlineRecord.empty();
    for (const [name, column] of columns) {
      const value = typeof column === 'string' ? column : column[index];
      if (value !== null && value !== undefined) record.put(name, value);
    }
    const body = batch.body(index);
    if (body.length > 0) record.put(fields.attachmentBody, body);
    yield record;
  }
}
