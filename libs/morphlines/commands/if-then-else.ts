import { ChainedCommand, dropEnd } from '../chained-command.js';
import type { Command, CommandInput, CommandType, LifecycleEvent } from '../command.js';
import type { MorphlineRecord } from '../record.js';

/** One of two branches, by conditions that all have to hold. A branch that fails fails the record; an empty one lets it pass. */
export const ifThenElse: CommandType = {
  name: 'if',
  className: 'org.kitesdk.morphline.stdlib.IfThenElseBuilder',
  create: (input) => new IfThenElse(input),
};

class IfThenElse extends ChainedCommand {
  private readonly conditions: Command;
  private readonly thenBranch: Command | null;
  private readonly elseBranch: Command | null;

  constructor({ arguments: args, child, nested }: CommandInput) {
    super(child);
    const branch = (name: string): Command | null => nested.chain(args.objects(name), child, { notifiesLast: false });
    this.conditions =
      nested.chain(args.objects('conditions'), dropEnd, { notifiesLast: false }) ?? args.fail('conditions are missing');
    this.thenBranch = branch('then');
    this.elseBranch = branch('else');
  }

  process(record: MorphlineRecord): boolean {
    const branch = this.conditions.process(record) ? this.thenBranch : this.elseBranch;
    return (branch ?? this.child).process(record);
  }

  override notify(event: LifecycleEvent): void {
    this.conditions.notify(event);
    this.thenBranch?.notify(event);
    this.elseBranch?.notify(event);
    super.notify(event);
  }
}

/** Fails what its command lets pass, and the other way round. */
export const not: CommandType = {
  name: 'not',
  className: 'org.kitesdk.morphline.stdlib.NotBuilder',
  create: (input) => new Not(input),
};

class Not extends ChainedCommand {
  private readonly command: Command;

  constructor({ arguments: args, child, nested }: CommandInput) {
    super(child);
    args.entries();
    this.command = nested.single(args.config, dropEnd);
  }

  process(record: MorphlineRecord): boolean {
    return !this.command.process(record) && this.child.process(record);
  }

  override notify(event: LifecycleEvent): void {
    this.command.notify(event);
    super.notify(event);
  }
}
