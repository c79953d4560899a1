import type { Command } from './command.js';
import { collectorCommands } from './commands/collector.js';
import { roleCommand } from './commands/role.js';
import { sinkCommands } from './commands/sink.js';
import { topicCommands } from './commands/topic.js';
import { upCommand } from './commands/up.js';

/** The whole tree, in the order in which the help shows it. */
export const commands: readonly Command[] = [
  upCommand,
  ...collectorCommands,
  ...topicCommands,
  ...sinkCommands,
  roleCommand,
];
