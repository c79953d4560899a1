/** Names of indexes: `${topic}`, or with the time of the record, `${topic}-${timestamp}`. */
const hourMs = 3_600_000;
const knownMax = 10_000;
const lengthMax = 255;

/** `yyyy`, `MM`, `dd`, `HH` in UTC. */
export function timeText(pattern: string, timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  const parts: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
  };
  return pattern.replaceAll(/yyyy|MM|dd|HH/g, (letters) => parts[letters] ?? letters);
}

/** A sentence for a name that no index may have; null = fine. */
export function indexNameProblem(name: string): string | null {
  if (/[\\/*?"<>|\s,#:]/.test(name)) return 'holds one of \\ / * ? " < > | , # : or a blank';
  if (/^[-_+]/.test(name)) return 'begins with one of - _ +';
  if (name === '' || name === '.' || name === '..') return 'is none';
  return Buffer.byteLength(name) > lengthMax ? `is longer than ${lengthMax} bytes` : null;
}

export class IndexNames {
  private readonly known = new Map<string, string>();
  private readonly hasTime: boolean;

  constructor(
    private readonly format: string,
    private readonly timeFormat: string,
  ) {
    this.hasTime = format.includes('${timestamp}');
  }

  /** Lower case, as indexes are. */
  of(topic: string, timeMs: number): string {
    const hour = this.hasTime ? Math.floor(timeMs / hourMs) : 0;
    const key = `${hour} ${topic}`;
    let name = this.known.get(key);
    if (name === undefined) {
      if (this.known.size >= knownMax) this.known.clear();
      const time = this.hasTime ? timeText(this.timeFormat, timeMs) : '';
      name = this.format.replaceAll('${topic}', topic).replaceAll('${timestamp}', time).toLowerCase();
      this.known.set(key, name);
    }
    return name;
  }
}
