import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StandaloneConfig } from './config-file.js';

/**
 * Asks the administration for the connectors of the configuration file, by the REST calls that everybody uses. Only when the
 * file has changed since the last time: what was paused, changed or removed by REST meanwhile stays so.
 */
export async function applyConfig(config: StandaloneConfig, target: { directory: string; url: string }): Promise<void> {
  const mark = join(target.directory, 'applied-config');
  const hash = createHash('sha256').update(JSON.stringify(config.connectors)).digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return;
  for (const connector of config.connectors) {
    const response = await fetch(new URL(`/connectors/${encodeURIComponent(connector.name)}/config`, target.url), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(connector.config),
    });
    if (!response.ok) throw new Error(`${config.path}: ${connector.name} was refused: ${await messageOf(response)}`);
  }
  writeFileSync(mark, hash);
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  } catch {
    // Not JSON: shown as it is.
  }
  return text;
}
