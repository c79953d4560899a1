import { readFile } from 'node:fs/promises';
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, ConfigFilter } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { readSecretKeys } from './java-sealed-key.js';

const options = defineOptions({
  'credential.provider.path': {
    type: 'string',
    required: true,
    importance: 'high',
    check: providersProblem,
    doc: 'Credential files as `hadoop credential create` makes them, separated by commas: `jceks://file/path` or `localjceks://file/path`.',
  },
  'credstore.java-keystore-provider.password-file': {
    type: 'string',
    doc: 'File with the password of the key stores; without it the environment variable HADOOP_CREDSTORE_PASSWORD, else Hadoop’s `none`.',
  },
});

/** What Hadoop takes where nobody sets a password. */
const defaultPassword = 'none';

/** Flume's `HadoopCredentialStoreConfigFilter`, for key stores in local files. */
export const hadoopConfigFilter: ComponentType<ConfigFilter> = {
  name: 'hadoop',
  classNames: ['org.apache.flume.configfilter.HadoopCredentialStoreConfigFilter'],
  doc: 'Passwords out of Hadoop’s credential providers: Java key stores of type JCEKS.',
  options,
  create(input) {
    const values = requireOptions(`config filter ${input.name}`, options, input.options);
    const { environment = process.env } = input.services;
    const paths = values['credential.provider.path'].split(',').map((provider) => fileOf(provider.trim()));
    const passwordFile = values['credstore.java-keystore-provider.password-file'];
    return {
      async lookUp(key) {
        const password =
          passwordFile === null
            ? (environment['HADOOP_CREDSTORE_PASSWORD'] ?? defaultPassword)
            : (await readFile(passwordFile, 'utf8')).trim();
        for (const path of paths) {
          const open = (await readStore(path, password)).get(key);
          if (open !== undefined) return open().toString('utf8');
        }
        return null;
      },
    };
  },
};

async function readStore(path: string, password: string): Promise<Map<string, () => Buffer>> {
  const file = await readFile(path);
  try {
    return readSecretKeys(file, password);
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

const providerPattern = /^(?:jceks|localjceks):\/\/file(\/.+)$/i;

function fileOf(provider: string): string {
  return providerPattern.exec(provider)?.[1] ?? '';
}

function providersProblem(text: string): string | null {
  const other = text.split(',').find((provider) => !providerPattern.test(provider.trim()));
  return other === undefined
    ? null
    : `only key stores in local files can be read (jceks://file/path); copy "${other.trim()}" to one`;
}
