/** What Hadoop's and HBase's own configuration files say about a cluster. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type HadoopConf = ReadonlyMap<string, string>;

/** A file that is not there, or says nothing, is passed over. */
export function readHadoopConf(
  directory: string | null,
  names: readonly string[] = ['core-site.xml', 'hdfs-site.xml'],
): HadoopConf {
  const values = new Map<string, string>();
  if (directory === null) return values;
  for (const name of names) {
    let text: string;
    try {
      text = readFileSync(join(directory, name), 'utf8');
    } catch {
      continue;
    }
    const plain = text.replaceAll(/<!--[^]*?-->/g, '');
    for (const [, property = ''] of plain.matchAll(/<property>([^]*?)<\/property>/g)) {
      const key = /<name>\s*([^<]*?)\s*<\/name>/.exec(property)?.[1];
      const value = /<value>\s*([^<]*?)\s*<\/value>/.exec(property)?.[1];
      if (key !== undefined && value !== undefined) values.set(key, unescapeXml(value));
    }
  }
  return values;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name] ?? '');
}
