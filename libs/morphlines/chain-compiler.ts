import { Arguments, hint } from './arguments.js';
import { ChainedCommand, dropEnd } from './chained-command.js';
import { CommandImports } from './command-imports.js';
import type { Command, LifecycleEvent, MorphlineContext, NestedCommands } from './command.js';
import { MorphlineCompileError } from './errors.js';
import { HoconObject } from './hocon/hocon-value.js';
import type { MorphlineRecord } from './record.js';

/**
 * Makes commands of their configuration. A mistake does not end the compilation: all are collected and thrown together by `finish`, because
 * chains are made from their end and people read files from the top.
 */
export class ChainCompiler {
  private readonly imports = new CommandImports();
  private readonly errors: MorphlineCompileError[] = [];
  private readonly startable = new Set<Command>();

  constructor(private readonly context: MorphlineContext) {}

  /** Commands that want to be started. Throws where anything was wrong. */
  finish(): readonly Command[] {
    const [first, ...others] = this.errors.sort((left, right) => (left.origin?.line ?? 0) - (right.origin?.line ?? 0));
    if (first === undefined) return [...this.startable];
    if (others.length === 0) throw first;
    throw new MorphlineCompileError([first, ...others].map((error) => error.message).join('\n'), null);
  }

  /** A `pipe`, or the morphline itself. */
  pipe(args: Arguments, last: Command): Command {
    const pipe = new Pipe(last);
    this.collect(() => {
      args.string('id');
      this.imports.add(args.strings('importCommands', ['com.**', 'org.**', 'net.**']));
      pipe.first = this.chain(args.objects('commands'), last, { notifiesLast: true, pipe }) ?? last;
      args.refuseUnknown();
    });
    return pipe;
  }

  private chain(
    list: readonly HoconObject[],
    last: Command,
    options: { notifiesLast: boolean; pipe: Command },
  ): Command | null {
    let child = options.notifiesLast ? last : new QuietEnd(last);
    for (const config of list.toReversed()) child = this.command(config, child, options.pipe);
    return list.length === 0 ? null : child;
  }

  private command(config: HoconObject, child: Command, pipe: Command): Command {
    return this.collect(() => this.create(config, child, pipe)) ?? dropEnd;
  }

  private create(config: HoconObject, child: Command, pipe: Command): Command {
    const names = [...config.fields.keys()];
    const [name = ''] = names;
    if (names.length !== 1) {
      const found = names.length === 0 ? 'nothing' : names.join(', ');
      throw new MorphlineCompileError(
        `a command is an object with its name and nothing else, { name : { arguments } }, but here is ${found}; two objects side by side on a line are one to HOCON, so put a comma or a new line between commands`,
        config.origin,
      );
    }
    const given = config.fields.get(name);
    const origin = given?.origin ?? config.origin;
    const type = this.imports.find(name);
    if (typeof type === 'string') throw new MorphlineCompileError(type, origin);
    if (type === null) {
      throw new MorphlineCompileError(`there is no command ${name}${hint(name, this.imports.names())}`, origin);
    }
    if (given?.kind !== 'object')
      throw new MorphlineCompileError(`${name}: its arguments have to be an object: put them in { }`, origin);
    const args = new Arguments(name, new HoconObject(given.fields, origin));
    const command = type.create({ arguments: args, child, pipe, context: this.context, nested: this.nested(pipe) });
    args.refuseUnknown();
    if (command.start !== undefined) this.startable.add(command);
    return command;
  }

  private nested(pipe: Command): NestedCommands {
    return {
      chain: (list, last, options) => this.chain(list, last, { notifiesLast: options.notifiesLast, pipe }),
      single: (config, last) => this.command(config, last, pipe),
      pipe: (args, last) => this.pipe(args, last),
    };
  }

  private collect<T>(make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof MorphlineCompileError)) throw error;
      this.errors.push(error);
      return null;
    }
  }
}

class Pipe extends ChainedCommand {
  first: Command;

  constructor(last: Command) {
    super(last);
    this.first = last;
  }

  process(record: MorphlineRecord): boolean {
    return this.first.process(record);
  }

  override notify(event: LifecycleEvent): void {
    this.first.notify(event);
  }
}

/** Hands records on and keeps lifecycle events to itself. */
class QuietEnd implements Command {
  constructor(private readonly last: Command) {}

  process(record: MorphlineRecord): boolean {
    return this.last.process(record);
  }

  notify(): void {}
}
