import { messageOf } from '#std/errors';
import { ChainedCommand } from '../chained-command.js';
import type { Command, CommandInput, CommandType, LifecycleEvent, MorphlineContext } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import type { MorphlineRecord } from '../record.js';

/** Tries chains of commands one after another, each on a copy of the record, until one takes it. */
export const tryRules: CommandType = {
  name: 'tryRules',
  className: 'org.kitesdk.morphline.stdlib.TryRulesBuilder',
  create: (input) => new TryRules(input),
};

class TryRules extends ChainedCommand {
  private readonly rules: readonly Command[];
  private readonly catchExceptions: boolean;
  private readonly throwsIfAllFail: boolean;
  private readonly copyRecords: boolean;
  private readonly context: MorphlineContext;

  constructor({ arguments: args, child, nested, context }: CommandInput) {
    super(child);
    this.context = context;
    this.throwsIfAllFail = args.boolean('throwExceptionIfAllRulesFailed', true);
    this.catchExceptions = args.boolean('catchExceptions', false);
    this.copyRecords = args.boolean('copyRecords', true);
    this.rules = args.objects('rules').flatMap((config) => {
      const rule = args.nested(config);
      const chain = nested.chain(rule.objects('commands'), child, { notifiesLast: false });
      rule.refuseUnknown();
      return chain === null ? [] : [chain];
    });
  }

  process(record: MorphlineRecord): boolean {
    for (const rule of this.rules) {
      if (this.guarded(() => rule.process(this.copyRecords ? record.copy() : record))) return true;
    }
    if (this.throwsIfAllFail)
      throw new MorphlineRuntimeError(`tryRules command found no successful rule for record: ${record.toString()}`);
    return false;
  }

  override notify(event: LifecycleEvent): void {
    for (const rule of this.rules) {
      this.guarded(() => {
        rule.notify(event);
        return true;
      });
    }
    super.notify(event);
  }

  private guarded(run: () => boolean): boolean {
    if (!this.catchExceptions) return run();
    try {
      return run();
    } catch (error) {
      this.context.count('morphline.tryRules.numExceptionsCaught', 1);
      this.context.logger.warn('A rule of tryRules failed with an error; the next is tried.', {
        error: messageOf(error),
      });
      return false;
    }
  }
}
