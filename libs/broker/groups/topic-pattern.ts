/**
 * Regular expressions that a subscription may name its topics by: RE2's syntax, as far as names of topics need it, matched against
 * the whole name. All states of the expression advance together over the name, so a match takes at most states × length steps,
 * whatever the expression: nothing a client sends can hold up the coordinator.
 *
 *   alternation  a|b                 groups      (…) (?:…) (?i:…) (?P<name>…) (?<name>…)
 *   repetition   * + ? {n} {n,} {n,m}, each also lazy
 *   characters   . [a-z] [^a-z] [[:alpha:]] \d \D \w \W \s \S and escaped signs; classes of Unicode (\pL) are refused
 *   anchors      ^ $ \A \z (met by a match of the whole name)
 */
export class TopicPattern {
  private constructor(
    private readonly states: readonly State[],
    private readonly start: number,
  ) {}

  /** Null where the expression is not one. */
  static parse(text: string): TopicPattern | null {
    if (text.length > lengthMax) return null;
    const parser = new PatternParser(text);
    const tree = parser.parse();
    if (tree === null) return null;
    const states: State[] = [{ kind: 'end' }];
    const start = compile(tree, 0, states);
    return start === null ? null : new TopicPattern(states, start);
  }

  matches(name: string): boolean {
    let current = this.closure([this.start], 0, name.length);
    for (let at = 0; at < name.length; at += 1) {
      const code = name.charCodeAt(at);
      const reached: number[] = [];
      for (const index of current) {
        const state = this.states[index];
        if (state?.kind === 'char' && state.accepts(code)) reached.push(state.next);
      }
      if (reached.length === 0) return false;
      current = this.closure(reached, at + 1, name.length);
    }
    return current.has(0);
  }

  /** Every state that is reached from `from` without a character. */
  private closure(from: readonly number[], at: number, length: number): ReadonlySet<number> {
    const reached = new Set<number>();
    const pending = [...from];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (reached.has(index)) continue;
      reached.add(index);
      const state = this.states[index];
      if (state?.kind === 'split') pending.push(...state.next);
      else if (state?.kind === 'anchor' && at === (state.atStart ? 0 : length)) pending.push(state.next);
    }
    return reached;
  }
}

const lengthMax = 4096;
/** RE2 allows no larger count either. */
const repeatMax = 1000;
const statesMax = 20_000;
const depthMax = 100;

type Accepts = (code: number) => boolean;

type State =
  | { readonly kind: 'end' }
  | { readonly kind: 'char'; readonly accepts: Accepts; readonly next: number }
  | { readonly kind: 'split'; next: readonly number[] }
  | { readonly kind: 'anchor'; readonly atStart: boolean; readonly next: number };

type Tree =
  | { readonly kind: 'char'; readonly accepts: Accepts }
  | { readonly kind: 'anchor'; readonly atStart: boolean }
  | { readonly kind: 'all'; readonly parts: readonly Tree[] }
  | { readonly kind: 'any'; readonly parts: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly min: number; readonly max: number };

/** The first state of `tree` before `next`; null where there would be too many. */
function compile(tree: Tree, next: number, states: State[]): number | null {
  if (states.length > statesMax) return null;
  switch (tree.kind) {
    case 'char':
    case 'anchor':
      return states.push({ ...tree, next }) - 1;
    case 'all':
      return tree.parts.reduceRight<number | null>(
        (after, part) => (after === null ? null : compile(part, after, states)),
        next,
      );
    case 'any': {
      const starts = tree.parts.map((part) => compile(part, next, states));
      const found = starts.filter((start) => start !== null);
      return found.length < starts.length ? null : states.push({ kind: 'split', next: found }) - 1;
    }
    case 'repeat':
      return compileRepeat(tree, next, states);
  }
}

function compileRepeat(tree: Extract<Tree, { kind: 'repeat' }>, next: number, states: State[]): number | null {
  const { part, min, max } = tree;
  let start: number | null = next;
  if (max === Infinity) {
    const loop: Extract<State, { kind: 'split' }> = { kind: 'split', next: [next] };
    const loopAt = states.push(loop) - 1;
    const body = compile(part, loopAt, states);
    if (body === null) return null;
    loop.next = [body, next];
    start = loopAt;
  } else {
    for (let optional = min; optional < max && start !== null; optional += 1) {
      const body = compile(part, start, states);
      start = body === null ? null : states.push({ kind: 'split', next: [body, next] }) - 1;
    }
  }
  for (let required = 0; required < min && start !== null; required += 1) start = compile(part, start, states);
  return start;
}

class PatternParser {
  private at = 0;
  private foldsCase = false;
  private failed = false;

  constructor(private readonly text: string) {}

  parse(): Tree | null {
    const tree = this.alternatives(0);
    return this.failed || this.at < this.text.length ? null : tree;
  }

  private alternatives(depth: number): Tree {
    if (depth > depthMax) return this.fail();
    const parts = [this.sequence(depth)];
    while (!this.failed && this.take('|')) parts.push(this.sequence(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'any', parts };
  }

  private sequence(depth: number): Tree {
    const parts: Tree[] = [];
    while (!this.failed && this.at < this.text.length && !this.sees('|') && !this.sees(')')) {
      parts.push(this.repeated(depth));
    }
    return { kind: 'all', parts };
  }

  private repeated(depth: number): Tree {
    const part = this.single(depth);
    const bounds = this.bounds();
    if (bounds === null) return part;
    // Two in a row, as in a**, are an error in RE2 too.
    this.take('?');
    if (this.bounds() !== null || bounds.max < bounds.min || largest(bounds) > repeatMax) return this.fail();
    return { kind: 'repeat', part, ...bounds };
  }

  private bounds(): { min: number; max: number } | null {
    if (this.take('*')) return { min: 0, max: Infinity };
    if (this.take('+')) return { min: 1, max: Infinity };
    if (this.take('?')) return { min: 0, max: 1 };
    const counts = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(this.text.slice(this.at, this.at + 16));
    if (counts === null) return null;
    this.at += counts[0].length;
    const min = Number(counts[1]);
    if (counts[2] === undefined) return { min, max: min };
    return { min, max: counts[3] === '' ? Infinity : Number(counts[3]) };
  }

  private single(depth: number): Tree {
    if (this.take('(')) return this.group(depth);
    if (this.take('[')) return { kind: 'char', accepts: this.folded(this.charClass()) };
    if (this.take('.')) return { kind: 'char', accepts: (code) => code !== 0x0a };
    if (this.take('^') || this.take('\\A')) return { kind: 'anchor', atStart: true };
    if (this.take('$') || this.take('\\z')) return { kind: 'anchor', atStart: false };
    if (this.sees('*') || this.sees('+') || this.sees('?')) return this.fail();
    if (this.take('\\')) return { kind: 'char', accepts: this.folded(this.escape()) };
    return { kind: 'char', accepts: this.folded(is(this.next())) };
  }

  private group(depth: number): Tree {
    const foldedBefore = this.foldsCase;
    const head = /^\?(?:P?<\w+>|([i]*)(?:-[i]*)?([:)]))/.exec(this.text.slice(this.at, this.at + 64));
    if (head === null && this.sees('?')) return this.fail();
    if (head !== null) {
      this.at += head[0].length;
      if (head[1] !== undefined && head[1] !== '') this.foldsCase = true;
      // (?i) holds to the end of the group that it is in.
      if (head[2] === ')') return { kind: 'all', parts: [] };
    }
    const tree = this.alternatives(depth + 1);
    if (!this.take(')')) return this.fail();
    this.foldsCase = foldedBefore;
    return tree;
  }

  private charClass(): Accepts {
    const isNegated = this.take('^');
    const accepted: Accepts[] = [];
    do {
      const named = /^\[:(\^?)(\w+):\]/.exec(this.text.slice(this.at, this.at + 16));
      if (named !== null) {
        this.at += named[0].length;
        const accepts = namedClasses.get(named[2] ?? '');
        if (accepts === undefined) this.failed = true;
        else accepted.push(named[1] === '^' ? not(accepts) : accepts);
        continue;
      }
      accepted.push(this.classRange());
    } while (!this.failed && this.at < this.text.length && !this.sees(']'));
    if (!this.take(']')) this.failed = true;
    const accepts: Accepts = (code) => accepted.some((each) => each(code));
    return isNegated ? not(accepts) : accepts;
  }

  private classRange(): Accepts {
    const fromAt = this.at;
    const from = this.take('\\') ? this.escape() : is(this.next());
    if (!this.sees('-') || this.text[this.at + 1] === ']') return from;
    const low = this.literalBefore(fromAt);
    this.at += 1;
    const toAt = this.at;
    if (this.take('\\')) this.escape();
    else this.next();
    const high = this.literalBefore(toAt);
    if (low === null || high === null || high < low) this.failed = true;
    return (code) => low !== null && high !== null && code >= low && code <= high;
  }

  /** The code of the one character between `from` and here; null for a class such as \d. */
  private literalBefore(from: number): number | null {
    const piece = this.text.slice(from, this.at);
    if (piece.length === 1) return piece.charCodeAt(0);
    return piece.length === 2 && !/^\\[a-zA-Z]$/.test(piece) ? piece.charCodeAt(1) : null;
  }

  private escape(): Accepts {
    const char = this.next();
    const known = escapes.get(char);
    if (known !== undefined) return known;
    // Letters and digits mean something else or nothing: back references are not to be had in linear time.
    if (/^[A-Za-z0-9]$/.test(char)) this.failed = true;
    return is(char);
  }

  private folded(accepts: Accepts): Accepts {
    if (!this.foldsCase) return accepts;
    return (code) => {
      const char = String.fromCharCode(code);
      return accepts(char.toLowerCase().charCodeAt(0)) || accepts(char.toUpperCase().charCodeAt(0));
    };
  }

  private next(): string {
    const char = this.text[this.at];
    this.at += 1;
    if (char === undefined) this.failed = true;
    return char ?? '';
  }

  private sees(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  private take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }

  private fail(): Tree {
    this.failed = true;
    return { kind: 'all', parts: [] };
  }
}

function largest({ min, max }: { readonly min: number; readonly max: number }): number {
  return max === Infinity ? min : max;
}

function is(char: string): Accepts {
  const wanted = char.charCodeAt(0);
  return (code) => code === wanted;
}

function not(accepts: Accepts): Accepts {
  return (code) => !accepts(code);
}

function oneOf(expression: RegExp): Accepts {
  return (code) => expression.test(String.fromCharCode(code));
}

const digit = oneOf(/[0-9]/);
const word = oneOf(/[0-9A-Za-z_]/);
const space = oneOf(/[\t\n\f\r ]/);
const escapes: ReadonlyMap<string, Accepts> = new Map([
  ['d', digit],
  ['D', not(digit)],
  ['w', word],
  ['W', not(word)],
  ['s', space],
  ['S', not(space)],
  ['t', is('\t')],
  ['n', is('\n')],
  ['r', is('\r')],
  ['f', is('\f')],
  ['v', is('\v')],
  ['a', is('\u0007')],
]);
const namedClasses: ReadonlyMap<string, Accepts> = new Map([
  ['alnum', oneOf(/[0-9A-Za-z]/)],
  ['alpha', oneOf(/[A-Za-z]/)],
  ['digit', digit],
  ['lower', oneOf(/[a-z]/)],
  ['upper', oneOf(/[A-Z]/)],
  ['punct', oneOf(/[!-/:-@[-`{-~]/)],
  ['space', oneOf(/[\t\n\v\f\r ]/)],
  ['word', word],
  ['xdigit', oneOf(/[0-9A-Fa-f]/)],
]);
