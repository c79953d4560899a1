import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../flows/product.js';
import { Child } from '../../peers/child.js';
import { pythonPackages } from '../../peers/python.js';

const run = promisify(execFile);
const sources = join(projectRoot, 'test', 'crash', 'power-cut');

/** A mounted file system that loses, when it is cut, what was written to a file and not synced. */
export class ForgetfulDisk {
  private constructor(
    private readonly folder: string,
    private readonly daemon: Child,
  ) {}

  static async mount(folder: string): Promise<ForgetfulDisk> {
    for (const name of ['mount', 'live', 'durable']) mkdirSync(join(folder, name), { recursive: true });
    const python = await pythonPackages(join(sources, 'requirements.txt'));
    const places = ['mount', 'live', 'durable'].map((name) => join(folder, name));
    const daemon = new Child({
      command: python,
      args: [join(sources, 'disk.py'), ...places],
      logPath: join(folder, 'disk.out'),
    });
    const disk = new ForgetfulDisk(folder, daemon);
    await daemon.until(
      'the file system',
      async () => (await run('stat', ['-f', '-c', '%T', disk.path])).stdout.startsWith('fuse'),
      20_000,
    );
    return disk;
  }

  get path(): string {
    return join(this.folder, 'mount');
  }

  /** Everything that was written so far is synced, as on a machine that has been up for some minutes. */
  async settle(): Promise<void> {
    await mkdir(join(this.path, 'settle'));
  }

  /** Unmounts it, if that was not done before. */
  async dispose(): Promise<void> {
    if (this.daemon.exitCode === undefined) await this.cut();
  }

  /** The power goes: gives the folder with what is left. Whoever used the disk must be dead. */
  async cut(): Promise<string> {
    await run('fusermount3', ['-u', '-z', this.path]);
    await this.daemon.kill();
    return join(this.folder, 'durable');
  }
}
