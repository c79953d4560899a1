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

/** One line for each place that breaks a rule. */
export function tidyProblems(root) {
  const problems = [];
  const files = execFileSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const file of files) {
    const lines = read(join(root, file))?.split('\n') ?? [];
    if (lines.length > linesMax)
      problems.push(`${file}: ${lines.length} lines, at most ${linesMax}: it holds two nouns`);
    const active = deterministic.test(file) ? [...rules, deterministicRule] : rules;
    for (const [index, line] of lines.entries()) {
      for (const rule of active) if (rule.pattern.test(line)) problems.push(`${file}:${index + 1}: ${rule.says}`);
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
