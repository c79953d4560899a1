import type { Disk } from '#std/disk';
import { MillraceError } from '#std/errors';
import { openText, replaceFile, sealText } from './durable-file.js';
import { logErrors } from './errors.js';
import { Turns } from './turns.js';

const blockSize = 1000;
/** Each node of a machine has its own range, so that no two give out the same id: room for 2^13 nodes in a safe integer. */
const idsPerNode = 2 ** 40;

/** Producer ids, never handed out twice: a block at a time is made durable, and what a stop leaves of it is lost. */
export class ProducerIds {
  private next: number;
  private end: number;
  private readonly turns = new Turns();

  constructor(
    private readonly disk: Disk,
    private readonly path: string,
    nodeIndex: number,
  ) {
    this.next = nodeIndex * idsPerNode;
    this.end = this.next;
  }

  async open(): Promise<void> {
    const bytes = await this.disk.readFile(this.path);
    if (bytes === null) return;
    const text = openText(bytes);
    if (text === null) {
      throw new MillraceError(
        logErrors.corrupt,
        `${this.path} fails its check, so producer ids could be given out twice. Replace it by one of a backup, or remove it when no idempotent producer of before is alive.`,
      );
    }
    this.next = Number(text);
    this.end = this.next;
  }

  allocate(): Promise<number> {
    return this.turns.run(async () => {
      if (this.next === this.end) {
        await replaceFile(this.disk, this.path, sealText(`${this.end + blockSize}\n`));
        this.end += blockSize;
      }
      this.next += 1;
      return this.next - 1;
    });
  }
}
