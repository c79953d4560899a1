// What can be said of the Helm chart and the systemd unit without their tools; test/interop/helm.interop.ts renders the chart.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roleSettings } from '#nest/role-settings';
import { projectRoot } from '../flows/product.js';

const read = (...path: string[]): string => readFileSync(join(projectRoot, 'deploy', ...path), 'utf8');
const templates = join('helm', 'millrace', 'templates');
/** What Kubernetes gives, and settings that single roles declare. */
const others = ['POD_IP', 'PORT', 'TOPICS_PROPERTIES', 'TOPICS_SETTINGS'];

describe('the Helm chart', () => {
  const files = readdirSync(join(projectRoot, 'deploy', templates));
  const texts = files.map((name) => read(templates, name));

  it('gives only settings that roles know', () => {
    const names = texts.flatMap((text) =>
      [...text.matchAll(/(?:- name: |"name" ")([A-Z][A-Z_]+)/g)].map((match) => match[1] ?? ''),
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !(name in roleSettings) && !others.includes(name))).toEqual([]);
  });

  it('runs each role, and asks each for its health', () => {
    const roles = texts.flatMap((text) => [...text.matchAll(/"role" "([a-z-]+)"/g)].map((match) => match[1]));
    expect(new Set(roles)).toEqual(new Set(['topics', 'admin', 'collector', 'sink-worker']));
    const helpers = read(templates, '_helpers.tpl');
    for (const path of ['/livez', '/readyz']) expect(helpers).toContain(`path: ${path}`);
    expect(helpers).toContain('runAsNonRoot: true');
  });
});

describe('the systemd unit', () => {
  const unit = read('systemd', 'millrace@.service');

  it('starts a role by the command that there is, and lets it stop in its time', () => {
    expect(unit).toMatch(/^ExecStart=\/usr\/bin\/env millrace role %i$/m);
    expect(existsSync(join(projectRoot, 'bin', 'millrace.mjs'))).toBe(true);
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    expect(Number(seconds)).toBeGreaterThan(30);
    expect(unit).toMatch(/^RestartPreventExitStatus=70$/m);
  });

  it('gives only settings that roles know', () => {
    const names = [...unit.matchAll(/^Environment=([A-Z_]+)=/gm)].map((match) => match[1] ?? '');
    expect(names.filter((name) => !(name in roleSettings) && name !== 'NODE_ENV')).toEqual([]);
  });
});
