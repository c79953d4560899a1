import { UsageError, readInput } from './command.js';
import { exitCodeOf } from './exit-codes.js';
import { commandsOf } from './commands.js';
import { commandAt, commandHelp, helpText } from './help.js';
import { messageOf } from '#std/errors';

// A reader that has seen enough (`| head`) closes the pipe: that is an end, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const out = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  if (words[0] === '__complete') {
    const { completionsOf } = await import('./completion.js');
    for (const word of await completionsOf(words.slice(words[1] === '--' ? 2 : 1))) out(word);
    // A question that nobody waits for any more keeps nothing alive.
    process.exit(0);
  }
  const asksHelp = words.length === 0 || words[0] === 'help' || words.includes('--help') || words.includes('-h');
  if (asksHelp) {
    const path = words.filter((word) => word !== 'help' && !word.startsWith('-'));
    for (const line of helpText(await commandsOf(), path)) out(line);
    return 0;
  }
  if (words[0] === '--version') {
    const { productVersion } = await import('./version.js');
    out(productVersion);
    return 0;
  }
  const commands = await commandsOf(words[0]);
  const command = commandAt(commands, words);
  if (command === null) {
    process.stderr.write(`${await unknownCommand(words)}\n\n${helpText(commands, words).join('\n')}\n`);
    return 2;
  }
  try {
    await command.run(readInput(command, words.slice(command.path.length), out));
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${commandHelp(command).join('\n')}\n`);
      return 2;
    }
    process.stderr.write(`${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

async function unknownCommand(words: readonly string[]): Promise<string> {
  const { suggest } = await import('#std/suggestion');
  const written = words.filter((word) => !word.startsWith('-')).slice(0, 2);
  const near = suggest(
    written.join(' '),
    (await commandsOf()).map((command) => command.path.join(' ')),
  );
  return `There is no command "${written.join(' ')}".${near === null ? '' : ` Did you mean "${near}"?`}`;
}
