import type { WebHdfsClient } from '#wire/hdfs/webhdfs-client';

/** Lines of all files that have their final names, below a folder. */
export async function readFinalLines(
  client: WebHdfsClient,
  folder: string,
  onLine: (line: string) => void,
): Promise<void> {
  for (const entry of (await client.list(folder)) ?? []) {
    if (entry.name.startsWith('+')) continue;
    const path = `${folder}/${entry.name}`;
    if (entry.directory) {
      await readFinalLines(client, path, onLine);
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of client.open(path)) chunks.push(chunk);
    for (const line of Buffer.concat(chunks).toString().split('\n')) if (line !== '') onLine(line);
  }
}
