import { systemClock, type Clock } from '#std/clock';
import { silentLogger, type Logger } from '#std/log';
import type { Command, LifecycleEvent } from './command.js';
import { javaText, type RecordValue } from './java-value.js';
import { Morphline } from './morphline.js';
import { MorphlineRecord } from './record.js';

/** The end of a chain in specs: keeps what it gets. */
export class RecordCollector implements Command {
  readonly records: MorphlineRecord[] = [];
  readonly events: LifecycleEvent[] = [];

  process(record: MorphlineRecord): boolean {
    this.records.push(record);
    return true;
  }

  notify(event: LifecycleEvent): void {
    this.events.push(event);
  }
}

export interface MorphlineRun {
  readonly result: boolean;
  /** Fields sorted by name, values as Java prints them, bytes as text. */
  readonly records: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface TryOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A morphline of these commands (HOCON, the inside of `commands : [ ]`). */
export function compileCommands(commands: string, last: Command, options: TryOptions = {}): Morphline {
  const text = `morphlines : [ { id : m, importCommands : ["org.kitesdk.**"], commands : [\n${commands}\n] } ]`;
  return Morphline.compileText(text, options.file ?? 'test.conf', {
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    environment: options.environment ?? {},
    last,
  });
}

/** Runs one record through commands. A string or list is what a field holds; `body` given as text is bytes. */
export async function tryCommands(
  commands: string,
  input: Readonly<Record<string, RecordValue | readonly RecordValue[]>>,
  options: TryOptions = {},
): Promise<MorphlineRun> {
  const collector = new RecordCollector();
  const morphline = compileCommands(commands, collector, options);
  await morphline.start();
  const result = morphline.process(recordOf(input));
  return { result, records: collector.records.map(shown) };
}

/** A record with these fields; bytes where the field is `_attachment_body` and the value is text. */
export function recordOf(input: Readonly<Record<string, RecordValue | readonly RecordValue[]>>): MorphlineRecord {
  const record = MorphlineRecord.empty();
  for (const [name, given] of Object.entries(input)) {
    for (const value of isList(given) ? given : [given]) {
      record.put(name, name === '_attachment_body' && typeof value === 'string' ? Buffer.from(value) : value);
    }
  }
  return record;
}

/** Fields sorted by name, with the text of each value. */
export function shown(record: MorphlineRecord): Record<string, string[]> {
  const names = [...record.names()].sort();
  return Object.fromEntries(names.map((name) => [name, record.get(name).map(textOf)]));
}

function textOf(value: RecordValue): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : javaText(value);
}

function isList(given: RecordValue | readonly RecordValue[]): given is readonly RecordValue[] {
  return Array.isArray(given);
}
