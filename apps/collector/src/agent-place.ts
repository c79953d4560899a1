/** Where an agent of the command line keeps its state. */
import { resolve } from 'node:path';

/** Below its state: where it can be tapped, for its own user only. */
export const tapFileName = 'tap.json';

/** Folder of one agent's state below that of all. */
export function agentStateDirectory(dataDirectory: string, agentName: string): string {
  return resolve(dataDirectory, agentName);
}
