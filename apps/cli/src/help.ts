import { flagsOf, table, type Command } from './command.js';

/** The command that the words begin with, or null. */
export function commandAt(commands: readonly Command[], words: readonly string[]): Command | null {
  return commands.find((command) => command.path.every((word, at) => words[at] === word)) ?? null;
}

/** One command when the words name it, those below a noun when they name that, else the whole tree. */
export function helpText(commands: readonly Command[], words: readonly string[]): string[] {
  const one = commandAt(commands, words);
  if (one !== null) return commandHelp(one);
  const shown = commands.filter((command) => words.every((word, at) => command.path[at] === word));
  return [
    'millrace: durable topics, flume.conf collectors and sink workers',
    '',
    ...table((shown.length > 0 ? shown : commands).map((command) => [`  ${usage(command)}`, command.summary])),
    '',
    'millrace help <command> shows its flags.',
  ];
}

export function commandHelp(command: Command): string[] {
  const flags = Object.entries(flagsOf(command)).map(([name, flag]) => [
    `  ${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    flag.doc + (flag.default === undefined ? '' : ` (${flag.default})`) + (flag.required === true ? ' (needed)' : ''),
  ]);
  const examples = (command.examples ?? []).map((example) => `  millrace ${example}`);
  return [
    `millrace ${usage(command)}`,
    '',
    command.summary,
    ...(examples.length > 0 ? ['', ...examples] : []),
    ...(flags.length > 0 ? ['', ...table(flags)] : []),
  ];
}

/** The words of a command and what follows them: `topic describe <topic>`. */
export function usage(command: Command): string {
  return [...command.path, ...(command.operands === undefined ? [] : [command.operands])].join(' ');
}
