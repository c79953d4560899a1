import { commandTypes } from './command-registry.js';
import type { CommandType } from './command.js';
import { refusedCommands } from './refused-commands.js';

/** Which commands a morphline may use: those whose Java class its `importCommands` name. */
export class CommandImports {
  private readonly patterns: string[] = [];

  /** `org.kitesdk.**` is a tree, `org.kitesdk.morphline.stdlib.*` a package, anything else a class. */
  add(patterns: readonly string[]): void {
    this.patterns.push(...patterns);
  }

  names(): string[] {
    return commandTypes.filter((type) => this.covers(type.className)).map((type) => type.name);
  }

  /** A sentence where the command is there but may not or cannot be used; null where there is none of that name. */
  find(name: string): CommandType | string | null {
    const refused = refusedCommands.find((command) => command.name === name || sameClass(command.className, name));
    if (refused !== undefined) return `${refused.name} is not supported: ${refused.instead}`;
    if (/[./]/.test(name))
      return commandTypes.find((type) => sameClass(type.className, name.replaceAll('/', '.'))) ?? null;
    const type = commandTypes.find((candidate) => candidate.name === name);
    if (type === undefined) return null;
    if (this.covers(type.className)) return type;
    return `the command ${name} is not imported: add ${type.className} or "org.kitesdk.**" to importCommands`;
  }

  private covers(className: string): boolean {
    return this.patterns.some((pattern) => {
      const wanted = currentPackage(pattern);
      if (wanted.endsWith('.**')) return className.startsWith(wanted.slice(0, -2));
      if (wanted.endsWith('.*')) return className.slice(0, className.lastIndexOf('.')) === wanted.slice(0, -2);
      return className === wanted;
    });
  }
}

function sameClass(className: string, written: string): boolean {
  return className === currentPackage(written);
}

/** Morphlines began as `com.cloudera.cdk.morphline`; files of that time mean the same commands. */
function currentPackage(written: string): string {
  if (/^com\.(?:cloudera\.)?\*\*$/.test(written)) return 'org.kitesdk.**';
  if (written === 'com.cloudera.cdk.**') return 'org.kitesdk.**';
  return written.replace(/^com\.cloudera\.(?:cdk\.)?morphline\./, 'org.kitesdk.morphline.');
}
