import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfFile } from '#pipeline/flume-conf';
import { decodeProperties, parseProperties } from '#pipeline/flume-properties';
import { messageOf, systemCode } from '#std/errors';
import type { Logger } from '#std/log';

/** The last good configuration of an agent, `.<agent>.properties` as Flume's `--backup-directory` has it. */
export class ConfBackup {
  private readonly path: string | null;

  constructor(
    private readonly directory: string | null,
    agentName: string,
    private readonly logger: Logger,
  ) {
    this.path = directory === null ? null : join(directory, `.${agentName}.properties`);
  }

  /** What `read` gives; where it fails, the backup, if there is one. */
  async readOr(read: () => Promise<readonly ConfFile[]>): Promise<readonly ConfFile[]> {
    try {
      return await read();
    } catch (error) {
      if (this.path === null) throw error;
      try {
        const bytes = await readFile(this.path);
        this.logger.warn(`The configuration cannot be read, its backup is used: ${messageOf(error)}`, {
          file: this.path,
        });
        return [{ file: this.path, bytes }];
      } catch (missing) {
        if (systemCode(missing) === 'ENOENT') throw error;
        throw missing;
      }
    }
  }

  /** As one file with the keys of all. What cannot be written is logged. */
  async keep(files: readonly ConfFile[]): Promise<void> {
    const { path, directory } = this;
    if (path === null || directory === null || files.some(({ file }) => file === path)) return;
    const merged = new Map<string, string>();
    for (const { bytes, file } of files) {
      for (const { key, value } of parseProperties(decodeProperties(bytes), file).entries) merged.set(key, value);
    }
    const text = [...merged].map(([key, value]) => `${escaped(key, true)}=${escaped(value, false)}\n`).join('');
    try {
      await mkdir(directory, { recursive: true });
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      this.logger.error(`The configuration could not be backed up: ${messageOf(error)}`);
    }
  }
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };

/** Java's escapes; a leading blank would be lost, and in a key also what ends it. */
function escaped(text: string, isKey: boolean): string {
  const plain = text
    .replaceAll(/[\\\n\r\t\f]/g, (character) => escapes[character] ?? character)
    .replace(/^[ #!]/, '\\$&');
  return isKey ? plain.replaceAll(/(?<!\\)[ :=]/g, '\\$&') : plain;
}
