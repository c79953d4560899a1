import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import type { Arguments } from './arguments.js';
import type { HoconObject } from './hocon/hocon-value.js';
import type { MorphlineRecord } from './record.js';

/**
 * One step of a morphline. It calls its child for each record that it gives, none or many, and returns whether all went well. False
 * goes back up to the nearest `tryRules`, `if` or `not`; it is no error.
 */
export interface Command {
  /** Throws a MorphlineRuntimeError where the record is of a kind that the command cannot work with. */
  process(record: MorphlineRecord): boolean;
  /** Passes lifecycle events to its child; `ChainedCommand` does so. */
  notify(event: LifecycleEvent): void;
  /** Before the first record: what has to be awaited (a database file, a library that is loaded on demand). */
  start?(): Promise<void>;
}

export type LifecycleEvent =
  | 'BEGIN_TRANSACTION'
  | 'COMMIT_TRANSACTION'
  | 'ROLLBACK_TRANSACTION'
  | 'START_SESSION'
  | 'SHUTDOWN';

/**
 * Registration of a command: one file in `commands/` that exports it, one line in `command-registry.ts`. `create` asks `input.arguments` for
 * each argument that there is, once; what it did not ask for is then refused as unknown.
 */
export interface CommandType {
  /** As in the morphline file. */
  readonly name: string;
  /** Kite's builder class: importCommands and commands named by class go by it. `com.cloudera` packages are taken for `org.kitesdk`. */
  readonly className: string;
  create(input: CommandInput): Command;
}

export interface CommandInput {
  readonly arguments: Arguments;
  /** Where records go. */
  readonly child: Command;
  /** The innermost `pipe` around this command, or the morphline itself. Not to be called before all is compiled. */
  readonly pipe: Command;
  readonly context: MorphlineContext;
  /** Compiles nested commands. */
  readonly nested: NestedCommands;
}

export interface NestedCommands {
  /**
   * The chain of these commands, ending in `last`; null where there are none. `notifiesLast` false keeps lifecycle events from `last`: of
   * several branches into one child only one may pass them on.
   */
  chain(list: readonly HoconObject[], last: Command, options: { notifiesLast: boolean }): Command | null;
  /** A single command, given as `{ name : {arguments} }`. */
  single(config: HoconObject, last: Command): Command;
  /** A pipe of its own: `id`, `importCommands` and `commands` are taken from the arguments. */
  pipe(args: Arguments, last: Command): Command;
}

export interface MorphlineContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Folder that relative file names of the morphline are tried against, after the working directory. */
  readonly folder: string;
  /** Adds to a counter, by name: `morphline.tryRules.numExceptionsCaught`. */
  count(name: string, by: number): void;
}
