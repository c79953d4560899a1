import type { Command } from './command.js';

/** The whole tree, in the order in which the help shows it: by their first word, where the commands are loaded from. */
const loaders: Readonly<Record<string, () => Promise<readonly Command[]>>> = {
  up: async () => [(await import('./commands/up.js')).upCommand],
  status: async () => [(await import('./commands/status.js')).statusCommand],
  top: async () => [(await import('./commands/top.js')).topCommand],
  apply: async () => (await import('./commands/apply.js')).applyCommands,
  diff: async () => (await import('./commands/apply.js')).applyCommands,
  topic: async () => (await import('./commands/topic.js')).topicCommands,
  group: async () => (await import('./commands/group.js')).groupCommands,
  collector: async () => (await import('./commands/collector.js')).collectorCommands,
  sink: async () => (await import('./commands/sink.js')).sinkCommands,
  connector: async () => (await import('./commands/connector.js')).connectorCommands,
  dlq: async () => (await import('./commands/dlq.js')).deadLetterCommands,
  replay: async () => (await import('./commands/job.js')).replayCommands,
  job: async () => (await import('./commands/job.js')).jobCommands,
  user: async () => (await import('./commands/access.js')).userCommands,
  key: async () => (await import('./commands/access.js')).keyCommands,
  acl: async () => (await import('./commands/access.js')).aclCommands,
  quota: async () => (await import('./commands/access.js')).quotaCommands,
  audit: async () => (await import('./commands/access.js')).auditCommands,
  create: async () => [(await import('./commands/create.js')).createCommand],
  doctor: async () => [(await import('./commands/doctor.js')).doctorCommand],
  role: async () => [(await import('./commands/role.js')).roleCommand],
  context: async () => (await import('./commands/context.js')).contextCommands,
  completion: async () => [(await import('./commands/completion.js')).completionCommand],
  version: async () => [(await import('./commands/version.js')).versionCommand],
};

/** Those that begin with `word`; all of them where none does, or no word is given. */
export async function commandsOf(word?: string): Promise<readonly Command[]> {
  const loader = word !== undefined && Object.hasOwn(loaders, word) ? loaders[word] : undefined;
  if (loader !== undefined) return loader();
  const all = (await Promise.all(Object.values(loaders).map((load) => load()))).flat();
  return [...new Set(all)];
}

/** The first words of the tree, for completion: without loading any command. */
export const firstWords: readonly string[] = Object.keys(loaders);
