import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaText } from '../java-value.js';

/** Our log has no levels below info, as Flume's has none unless it is told to. */
export const logTrace = logCommand('logTrace', 'LogTraceBuilder', null);
export const logDebug = logCommand('logDebug', 'LogDebugBuilder', null);
export const logInfo = logCommand('logInfo', 'LogInfoBuilder', 'info');
export const logWarn = logCommand('logWarn', 'LogWarnBuilder', 'warn');
export const logError = logCommand('logError', 'LogErrorBuilder', 'error');

/** A line in the log for each record: `format` with each `{}` replaced by the values of one of `args`. */
function logCommand(name: string, builder: string, level: 'info' | 'warn' | 'error' | null): CommandType {
  return {
    name,
    className: `org.kitesdk.morphline.stdlib.${builder}`,
    create({ arguments: args, child, context }) {
      const format = args.string('format');
      const expressions = args.strings('args', []).map((text) => args.expression(text));
      if (level === null) return child;
      return new StepCommand(child, (record) => {
        let next = 0;
        const message = format.replaceAll('{}', (written) => {
          const expression = expressions[next];
          next += 1;
          return expression === undefined ? written : `[${expression.evaluate(record).map(javaText).join(', ')}]`;
        });
        context.logger[level](message);
        return true;
      });
    },
  };
}
