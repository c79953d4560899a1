import { dropEnd } from '../chained-command.js';
import type { Command, CommandType, LifecycleEvent } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
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

/** Calls inside each other at which a pipe is taken to call itself for ever. */
const depthMax = 500;

class CallParentPipe implements Command {
  private depth = 0;

  constructor(private readonly pipe: Command) {}

  process(record: MorphlineRecord): boolean {
    if (this.depth === depthMax)
      throw new MorphlineRuntimeError(`callParentPipe called itself ${depthMax} times: no condition ends it`);
    this.depth += 1;
    try {
      return this.pipe.process(record);
    } finally {
      this.depth -= 1;
    }
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
