/** Every command that a morphline can name. A new one is a file in `commands/` and one line here. */
import type { CommandType } from './command.js';
import { addValues, addValuesIfAbsent, setValues } from './commands/add-values.js';
import { readLine } from './commands/read-line.js';

export const commandTypes: readonly CommandType[] = [addValues, addValuesIfAbsent, readLine, setValues];

/** Commands that Kite has and we refuse, with what to do instead. */
export interface RefusedCommand {
  readonly name: string;
  readonly className: string;
  readonly instead: string;
}

export const refusedCommands: readonly RefusedCommand[] = [];
