// Style as a test: what a linter has no rule for.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const linesMax = 500;

const rules = [
  { pattern: /\b(TODO|FIXME|XXX)\b/, says: 'finish it, or write it in the issue' },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, says: 'no silenced type errors' },
  { pattern: /\bas unknown as\b/, says: 'no double casts: decode or narrow instead' },
];

// The log, broker and pipeline rooms take time, chance and disk as parameters, so that a seed replays a run.
const deterministic = /^libs\/(log|broker|pipeline)\/(?!.*\.spec\.ts$|.*testing\/)/;
const deterministicRule = {
  pattern: /\b(Date\.now|Math\.random|setTimeout|setInterval)\(|from 'node:fs/,
  says: 'takes a Clock, Random or Disk as a parameter',
};

// Suites whose files run side by side: a port that two of them listen on is a test that fails now and then.
const sideBySide = /\.(spec|sinks|interop|flume|fuzz|console)\.ts$/;
const port = /\b(2[2-9]_\d{3}|3[01]_\d{3}|32_[0-6]\d{2})\b/g;

/** One line for each place that breaks a rule. */
export function tidyProblems(root) {
  const problems = [];
  const portOwners = new Map();
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  for (const file of files) {
    const lines = read(join(root, file))?.split('\n') ?? [];
    if (lines.length > linesMax)
      problems.push(`${file}: ${lines.length} lines, at most ${linesMax}: it holds two nouns`);
    const active = deterministic.test(file) ? [...rules, deterministicRule] : rules;
    for (const [index, line] of lines.entries()) {
      for (const rule of active) if (rule.pattern.test(line)) problems.push(`${file}:${index + 1}: ${rule.says}`);
    }
    const [, suite] = sideBySide.exec(file) ?? [];
    for (const found of suite === undefined ? [] : new Set(lines.join('\n').match(port))) {
      if (found.endsWith('_000')) continue;
      const owner = portOwners.get(`${suite} ${found}`);
      if (owner !== undefined) problems.push(`${file}: ${owner} has port ${found} already: take another`);
      portOwners.set(`${suite} ${found}`, file);
    }
  }
  return problems;
}

/** Null where git lists a file that is being moved. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
