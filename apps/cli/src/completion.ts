/** What can come next on a line: words of the tree, flags, live names. The shell's function asks `millrace __complete -- words…`. */
import { flagsOf, readInput, type Command } from './command.js';
import { commandsOf, firstWords } from './commands.js';
import { commandAt } from './help.js';
import { liveNames, liveNamesMsMax } from './live-names.js';

/** `words` are those after `millrace`; the last is the one being written, maybe empty. Never throws: no names is an answer. */
export async function completionsOf(words: readonly string[]): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.length === 0) return beginningWith(current, [...firstWords, 'help']);
  const isHelp = before[0] === 'help';
  const path = isHelp ? before.slice(1) : before;
  const [first] = path;
  if (isHelp && first === undefined) return beginningWith(current, firstWords);
  if (first === undefined || !firstWords.includes(first)) return [];
  const commands = await commandsOf(first);
  const command = commandAt(commands, path);
  if (command !== null) return isHelp ? [] : afterCommand(command, path.slice(command.path.length), current);
  const nexts = commands.filter((each) => path.every((word, at) => each.path[at] === word)).map((each) => each.path);
  return beginningWith(
    current,
    nexts.flatMap((each) => each[path.length] ?? []),
  );
}

async function afterCommand(command: Command, given: readonly string[], current: string): Promise<readonly string[]> {
  const flags = flagsOf(command);
  const previous = given.at(-1) ?? '';
  const flag = previous.startsWith('-') ? flagNamed(command, previous) : null;
  if (flag?.value !== undefined) return beginningWith(current, flag.value.includes('|') ? flag.value.split('|') : []);
  if (current.startsWith('-')) {
    return beginningWith(
      current,
      Object.keys(flags).map((name) => `--${name}`),
    );
  }
  const timeout = new Promise<readonly string[]>((resolve) => {
    setTimeout(() => resolve([]), liveNamesMsMax).unref();
  });
  try {
    const input = readInput({ ...command, flags: withoutNeeds(command) }, [...given, current], () => undefined);
    return beginningWith(current, await Promise.race([liveNames(command, input), timeout]));
  } catch {
    // Nothing answers, or the line is not finished: nothing to offer.
    return [];
  }
}

function withoutNeeds(command: Command): Command['flags'] {
  return Object.fromEntries(
    Object.entries(flagsOf(command)).map(([name, flag]) => [name, { ...flag, required: false }]),
  );
}

function flagNamed(command: Command, word: string) {
  const found = Object.entries(flagsOf(command)).find(
    ([name, { short, alias }]) => word === `--${name}` || word === `--${alias}` || word === `-${short}`,
  );
  return found?.[1] ?? null;
}

function beginningWith(current: string, words: readonly string[]): readonly string[] {
  return [...new Set(words)].filter((word) => word.startsWith(current)).toSorted();
}
