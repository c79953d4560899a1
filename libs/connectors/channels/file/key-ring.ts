import { readFile } from 'node:fs/promises';
import { MillraceError, messageOf } from '#std/errors';
import { readSecretKeys } from '../../config-filters/java-sealed-key.js';
import { encryptionErrors, type KeyRing } from './encrypted-batch.js';
import type { EncryptionKeySettings, EncryptionSettings } from './encryption-options.js';

const keySizes = [16, 24, 32];

/** The keys that the channel is told to use, out of a Java key store. Throws `connectors.channel.key-missing`. */
export async function readKeyRing(settings: EncryptionSettings): Promise<KeyRing> {
  const file = await readSecretFile(settings.keyStoreFile);
  const password = await readPassword(settings.keyStorePasswordFile);
  let sealed: ReturnType<typeof readSecretKeys>;
  try {
    sealed = readSecretKeys(file, password);
  } catch (error) {
    throw keyError(`The key store ${settings.keyStoreFile} cannot be read: ${messageOf(error)}.`, error);
  }
  const keys = new Map<string, Buffer>();
  for (const key of settings.keys) keys.set(key.alias, await openKey(key, sealed, { settings, password }));
  return { active: settings.activeKey, keys };
}

async function openKey(
  { alias, passwordFile }: EncryptionKeySettings,
  sealed: ReturnType<typeof readSecretKeys>,
  { settings, password }: { readonly settings: EncryptionSettings; readonly password: string },
): Promise<Buffer> {
  // keytool writes aliases of such a store in lower case.
  const open = sealed.get(alias) ?? sealed.get(alias.toLowerCase());
  if (open === undefined) {
    throw keyError(
      `The key store ${settings.keyStoreFile} has no key "${alias}"; it has ${[...sealed.keys()].join(', ')}.`,
    );
  }
  const own = passwordFile === null ? password : await readPassword(passwordFile);
  let key: Buffer;
  try {
    key = open(own);
  } catch (error) {
    throw keyError(`The key "${alias}" of ${settings.keyStoreFile} cannot be opened: is its password right?`, error);
  }
  if (!keySizes.includes(key.length)) {
    throw keyError(`The key "${alias}" has ${key.length} bytes; AES takes ${keySizes.join(', ')}.`);
  }
  return key;
}

/** As Flume: blanks around it do not count. */
async function readPassword(path: string): Promise<string> {
  return (await readSecretFile(path)).toString().trim();
}

async function readSecretFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw keyError(`The file ${path} cannot be read: ${messageOf(error)}.`, error);
  }
}

function keyError(message: string, cause?: unknown): MillraceError {
  return new MillraceError(encryptionErrors.keyMissing, message, cause === undefined ? {} : { cause });
}
