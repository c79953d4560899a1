import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Command, LifecycleEvent } from './command.js';
import { MorphlineRuntimeError } from './errors.js';
import { javaText, type RecordValue } from './java-value.js';
import { Morphline, type MorphlineOptions } from './morphline.js';
import { fields, MorphlineRecord } from './record.js';

export interface EventMorphlineOptions extends MorphlineOptions {
  /** Errors of commands are logged and counted, and the event goes on with what came out before. Default false: they are thrown. */
  readonly isProductionMode?: boolean;
}

/** An event made of a record. */
export interface MorphlineEvent {
  readonly headers: ReadonlyMap<string, string>;
  /** Empty where the record has no `_attachment_body`. */
  readonly body: Uint8Array;
}

const noBody: Uint8Array = new Uint8Array(0);

/**
 * A morphline between events or records of topics: each goes in as a record with its headers as fields and its body as `_attachment_body`,
 * and any number of records come out at the end of the chain.
 */
export class EventMorphline {
  private readonly morphline: Morphline;
  private readonly collector: Collector;
  private readonly logger: Logger;
  private readonly isProductionMode: boolean;
  private readonly count: (name: string, by: number) => void;

  /** Throws a MorphlineCompileError with file:line. */
  constructor(file: string, options: EventMorphlineOptions) {
    this.collector = new Collector();
    this.morphline = Morphline.compileFile(file, { ...options, last: this.collector });
    this.logger = options.logger;
    this.isProductionMode = options.isProductionMode ?? false;
    this.count = options.count ?? (() => {});
  }

  start(): Promise<void> {
    return this.morphline.start();
  }

  notify(event: LifecycleEvent): void {
    this.morphline.notify(event);
  }

  /**
   * The records that come of one. That the morphline failed is counted (MorphlineFailedCount) and no error; what came out before is given all
   * the same. An error of a command is counted (MorphlineExceptionCount) and thrown, but not in production mode.
   */
  process(record: MorphlineRecord): readonly MorphlineRecord[] {
    const records: MorphlineRecord[] = [];
    this.collector.records = records;
    try {
      this.morphline.notify('START_SESSION');
      if (!this.morphline.process(record)) this.count('MorphlineFailedCount', 1);
    } catch (error) {
      this.count('MorphlineExceptionCount', 1);
      if (!this.isProductionMode) throw error;
      this.logger.warn('A morphline command failed; the error is passed over in production mode.', {
        error: messageOf(error).slice(0, 1000),
      });
    }
    return records;
  }
}

class Collector implements Command {
  records: MorphlineRecord[] = [];

  process(record: MorphlineRecord): boolean {
    this.records.push(record);
    return true;
  }

  notify(): void {}
}

/** A record's fields as headers and body. Throws where a field has several values, or the body is not bytes. */
export function eventOf(record: MorphlineRecord): MorphlineEvent {
  const headers = new Map<string, string>();
  let body: Uint8Array = noBody;
  for (const [name, values] of record.entries()) {
    const [value] = values;
    if (values.length !== 1 || value === undefined) {
      throw new MorphlineRuntimeError(
        `the morphline gave the field ${name} ${values.length} values, and a header can have one: join them or remove the others`,
      );
    }
    if (name === fields.attachmentBody) body = bytesOf(value);
    else headers.set(name, javaText(value));
  }
  return { headers, body };
}

function bytesOf(value: RecordValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new MorphlineRuntimeError(
    `the morphline left ${javaText(value).slice(0, 100)} in ${fields.attachmentBody}, and a body has to be bytes: put toByteArray or writeAvroToByteArray at its end`,
  );
}
