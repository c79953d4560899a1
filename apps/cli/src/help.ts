import { table, type Command } from './command.js';

/** The whole tree, or one command when the words name it. */
export function helpText(commands: readonly Command[], words: readonly string[]): string[] {
  const one = commands.find((command) => command.path.join(' ') === words.join(' '));
  if (one !== undefined) return commandHelp(one);
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
  const flags = Object.entries(command.flags).map(([name, flag]) => [
    `  ${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    flag.doc + (flag.default === undefined ? '' : ` (${flag.default})`) + (flag.required === true ? ' (needed)' : ''),
  ]);
  return [`millrace ${usage(command)}`, '', command.summary, ...(flags.length > 0 ? ['', ...table(flags)] : [])];
}

/** The words of a command and what follows them: `topic describe <topic>`. */
export function usage(command: Command): string {
  return [...command.path, ...(command.operands === undefined ? [] : [command.operands])].join(' ');
}
