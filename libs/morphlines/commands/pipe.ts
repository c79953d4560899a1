import { dropEnd } from '../chained-command.js';
import type { Command, CommandType, LifecycleEvent } from '../command.js';
import type { MorphlineRecord } from '../record.js';

/** A chain of commands of its own inside another. */
export const pipe: CommandType = {
  name: 'pipe',
  className: 'org.kitesdk.morphline.stdlib.PipeBuilder',
  create: ({ arguments: args, child, nested }) => nested.pipe(args, child),
};

/** Back to the beginning of the pipe around. What the pipe answers is the answer; nothing after this command is reached. */
export const callParentPipe: CommandType = {
  name: 'callParentPipe',
  className: 'org.kitesdk.morphline.stdlib.CallParentPipeBuilder',
  create: (input) => new CallParentPipe(input.pipe),
};

class CallParentPipe implements Command {
  constructor(private readonly pipe: Command) {}

  process(record: MorphlineRecord): boolean {
    return this.pipe.process(record);
  }

  /** Not to the pipe, which is where it came from. */
  notify(_event: LifecycleEvent): void {}
}

/** Takes records and gives none. */
export const dropRecord: CommandType = {
  name: 'dropRecord',
  className: 'org.kitesdk.morphline.stdlib.DropRecordBuilder',
  create({ arguments: args, child }) {
    args.entries();
    return { process: (record) => dropEnd.process(record), notify: (event) => child.notify(event) };
  },
};
