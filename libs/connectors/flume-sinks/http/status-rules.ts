/** What Flume's HTTP sink does by the status of an answer: `<rule>.503` before `<rule>.5XX` before the default. */
export interface StatusOutcome {
  /** The event is sent again. */
  readonly rollback: boolean;
  /** The next request waits. */
  readonly backoff: boolean;
  readonly counted: boolean;
}

export interface StatusRules {
  of(status: number): StatusOutcome;
}

export interface RuleValues {
  readonly defaultBackoff: boolean;
  readonly defaultRollback: boolean;
  readonly defaultIncrementMetrics: boolean;
  readonly backoff: Readonly<Record<string, string>>;
  readonly rollback: Readonly<Record<string, string>>;
  readonly incrementMetrics: Readonly<Record<string, string>>;
}

/**
 * Where nothing is said of 2XX, such an answer ends the event's way. Flume's default is to send also those again, for ever, which nobody can
 * want.
 */
export function readRules(values: RuleValues): StatusRules {
  return {
    of(status) {
      const isSuccess = status >= 200 && status < 300;
      return {
        rollback: ruleFor(status, values.rollback) ?? (isSuccess ? false : values.defaultRollback),
        backoff: ruleFor(status, values.backoff) ?? (isSuccess ? false : values.defaultBackoff),
        counted: ruleFor(status, values.incrementMetrics) ?? (isSuccess ? true : values.defaultIncrementMetrics),
      };
    },
  };
}

export function ruleProblems(rules: Readonly<Record<string, string>>): { key: string; message: string }[] {
  return Object.entries(rules).flatMap(([key, value]) => {
    if (!/^[1-5](?:\d\d|XX)$/.test(key)) return [{ key, message: 'names no status: write 503, or 5XX' }];
    return /^(?:true|false)$/i.test(value) ? [] : [{ key, message: 'must be true or false' }];
  });
}

function ruleFor(status: number, rules: Readonly<Record<string, string>>): boolean | null {
  const code = String(status);
  const text = rules[code] ?? rules[`${code.charAt(0)}XX`];
  return text === undefined ? null : text.toLowerCase() === 'true';
}
