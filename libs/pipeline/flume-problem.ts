import { MillraceError, type ErrorKind } from '#std/errors';

export interface ConfPosition {
  readonly file: string;
  /** 1-based line on which the key begins. */
  readonly line: number;
}

/** One thing that is wrong with a flume.conf. An error keeps the agent from starting; a warning does not. */
export interface ConfProblem extends ConfPosition {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** What was probably meant, a name; null where nothing is near. */
  readonly suggestion: string | null;
  /** What Flume would have done, a sentence; null where it would have said the same. */
  readonly flume: string | null;
}

export const confErrors = {
  invalid: { code: 'pipeline.conf.invalid', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/** A flume.conf with errors: the message lists every problem, one a line, and `problems` has them as data. */
export class ConfError extends MillraceError {
  constructor(
    what: string,
    readonly problems: readonly ConfProblem[],
  ) {
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    super(confErrors.invalid, `${what} has ${errors} error(s):\n${problems.map(formatProblem).join('\n')}`);
  }
}

/** `flume.conf:12: error: sink k1 … Did you mean c1? Flume would have dropped the sink.` */
export function formatProblem(problem: ConfProblem): string {
  const suggestion = problem.suggestion === null ? '' : ` Did you mean ${problem.suggestion}?`;
  const flume = problem.flume === null ? '' : ` ${problem.flume}`;
  const sentence = /[.?!]$/.test(problem.message) ? problem.message : `${problem.message}.`;
  return `${problem.file}:${problem.line}: ${problem.severity}: ${sentence}${suggestion}${flume}`;
}

/** Collects problems while a file is read; they come out in the order of lines, each once. */
export class ConfProblems {
  private readonly found: ConfProblem[] = [];

  error(at: ConfPosition, message: string, more: ProblemExtras = {}): void {
    this.add('error', at, message, more);
  }

  warning(at: ConfPosition, message: string, more: ProblemExtras = {}): void {
    this.add('warning', at, message, more);
  }

  list(): ConfProblem[] {
    return this.found.toSorted((left, right) => left.file.localeCompare(right.file) || left.line - right.line);
  }

  private add(severity: 'error' | 'warning', at: ConfPosition, message: string, more: ProblemExtras): void {
    this.found.push({
      severity,
      file: at.file,
      line: at.line,
      message,
      suggestion: more.suggestion ?? null,
      flume: more.flume ?? null,
    });
  }
}

export interface ProblemExtras {
  readonly suggestion?: string | null;
  readonly flume?: string;
}
