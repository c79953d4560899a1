import type { Command } from './command.js';

/** The whole tree, in the order in which the help shows it: by their first word, where the commands are loaded from. */
const loaders: Readonly<Record<string, () => Promise<readonly Command[]>>> = {
  up: async () => [(await import('./commands/up.js')).upCommand],
  collector: async () => (await import('./commands/collector.js')).collectorCommands,
  topic: async () => (await import('./commands/topic.js')).topicCommands,
  sink: async () => (await import('./commands/sink.js')).sinkCommands,
  create: async () => [(await import('./commands/create.js')).createCommand],
  doctor: async () => [(await import('./commands/doctor.js')).doctorCommand],
  role: async () => [(await import('./commands/role.js')).roleCommand],
};

/** Those that begin with `word`; all of them where none does, or no word is given. */
export async function commandsOf(word?: string): Promise<readonly Command[]> {
  const loader = word !== undefined && Object.hasOwn(loaders, word) ? loaders[word] : undefined;
  if (loader !== undefined) return loader();
  return (await Promise.all(Object.values(loaders).map((load) => load()))).flat();
}
