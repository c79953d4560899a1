import { dirname } from 'node:path';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import { systemRandom, type Random } from '#std/random';
import { Arguments } from './arguments.js';
import { ChainCompiler } from './chain-compiler.js';
import { dropEnd } from './chained-command.js';
import type { Command, LifecycleEvent, MorphlineContext } from './command.js';
import { MorphlineCompileError } from './errors.js';
import { readHocon, parseHocon, type HoconOptions } from './hocon/hocon-file.js';
import type { HoconObject } from './hocon/hocon-value.js';
import type { MorphlineRecord } from './record.js';

export interface MorphlineOptions extends HoconOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: Random;
  /** Counters of commands. Default: nobody counts. */
  readonly count?: (name: string, by: number) => void;
  /** `id` of the morphline in the file; null or blank takes the first. */
  readonly morphlineId?: string | null;
  /** Gets the records at the end of the chain. Default: dropped there. */
  readonly last?: Command;
}

/** A chain of commands made of a morphline file. One record at a time; not shared by threads, as there are none. */
export class Morphline {
  private constructor(
    readonly id: string,
    private readonly chain: Command,
    private readonly startable: readonly Command[],
  ) {}

  /** Reads and compiles a file. Throws a MorphlineCompileError that lists all that is wrong with it, each with file:line. */
  static compileFile(file: string, options: MorphlineOptions): Morphline {
    return Morphline.of(readHocon(file, options), file, options);
  }

  /** The same for the text of a file; `file` is for messages and relative names. */
  static compileText(text: string, file: string, options: MorphlineOptions): Morphline {
    return Morphline.of(parseHocon(text, file, options), file, options);
  }

  private static of(root: HoconObject, file: string, options: MorphlineOptions): Morphline {
    const config = choose(root, file, options.morphlineId?.trim() ?? '');
    const context: MorphlineContext = {
      clock: options.clock,
      random: options.random ?? systemRandom,
      logger: options.logger,
      folder: dirname(file),
      count: options.count ?? (() => {}),
    };
    const compiler = new ChainCompiler(context);
    const pipe = compiler.pipe(new Arguments('morphline', config), options.last ?? dropEnd);
    return new Morphline(new Arguments('morphline', config).string('id'), pipe, compiler.finish());
  }

  /** Before the first record. Rejects where a command cannot be made ready. */
  async start(): Promise<void> {
    for (const command of this.startable) await command.start?.();
  }

  /** False where no rule took the record. Throws what a command throws. */
  process(record: MorphlineRecord): boolean {
    return this.chain.process(record);
  }

  notify(event: LifecycleEvent): void {
    this.chain.notify(event);
  }
}

function choose(root: HoconObject, file: string, id: string): HoconObject {
  const list = root.fields.get('morphlines');
  if (list?.kind !== 'array' || list.items.length === 0) {
    const origin = list?.origin ?? { file, line: 1 };
    throw new MorphlineCompileError(
      'the file has no list morphlines : [ {id, commands} ] with a morphline in it',
      origin,
    );
  }
  const ids: string[] = [];
  for (const item of list.items) {
    if (item.kind !== 'object')
      throw new MorphlineCompileError('a morphline has to be an object: put it in { }', item.origin);
    const own = item.fields.get('id');
    const text = own?.kind === 'scalar' ? own.text : '';
    if (id === '' || text === id) return item;
    ids.push(text);
  }
  throw new MorphlineCompileError(`there is no morphline with the id ${id} here, but ${ids.join(', ')}`, list.origin);
}
