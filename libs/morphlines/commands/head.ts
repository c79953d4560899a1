import { ChainedCommand } from '../chained-command.js';
import type { Command, CommandType } from '../command.js';
import type { MorphlineRecord } from '../record.js';
import { Well19937c } from '../well19937c.js';

/** Lets the first `limit` records pass and drops the rest; all where it is -1. */
export const head: CommandType = {
  name: 'head',
  className: 'org.kitesdk.morphline.stdlib.HeadBuilder',
  create({ arguments: args, child }) {
    const limit = args.integer('limit', -1);
    if (limit < -1) args.fail('limit has to be -1 or more', 'limit');
    return limit === -1 ? child : new Head(child, limit);
  },
};

class Head extends ChainedCommand {
  constructor(
    child: Command,
    private left: number,
  ) {
    super(child);
  }

  process(record: MorphlineRecord): boolean {
    if (this.left === 0) return true;
    this.left -= 1;
    return this.child.process(record);
  }
}

/** Lets each record pass by chance. A `seed` gives the same choice in every run, and the one that Kite makes. */
export const sample: CommandType = {
  name: 'sample',
  className: 'org.kitesdk.morphline.stdlib.SampleBuilder',
  create({ arguments: args, child, context }) {
    const probability = args.double('probability', 1);
    if (probability < 0) args.fail('probability has to be 0 or more', 'probability');
    const seed = args.optionalString('seed');
    const random = seed === null ? context.random : new Well19937c(args.attempt('seed', seed, BigInt));
    return {
      process: (record) => (probability >= 1 || random.next() <= probability ? child.process(record) : true),
      notify: (event) => child.notify(event),
    };
  },
};
