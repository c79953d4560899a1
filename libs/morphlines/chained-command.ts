import type { Command, LifecycleEvent } from './command.js';
import type { MorphlineRecord } from './record.js';

/** A command with one child, to which lifecycle events go. */
export abstract class ChainedCommand implements Command {
  constructor(protected readonly child: Command) {}

  abstract process(record: MorphlineRecord): boolean;

  notify(event: LifecycleEvent): void {
    this.child.notify(event);
  }
}

/** Changes each record, or refuses it, and hands it on. */
export class StepCommand extends ChainedCommand {
  /** `step` gives false to fail the record. */
  constructor(
    child: Command,
    private readonly step: (record: MorphlineRecord) => boolean,
  ) {
    super(child);
  }

  process(record: MorphlineRecord): boolean {
    return this.step(record) && this.child.process(record);
  }
}

/** The end of a chain where nobody wants the records. */
export const dropEnd: Command = { process: () => true, notify() {} };
