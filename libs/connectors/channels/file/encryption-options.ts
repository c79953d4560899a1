/** Flume's options for an encrypted file channel. */
import { defineOptions, type OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';

export const encryptionOptions = defineOptions({
  'encryption.activeKey': {
    type: 'string',
    group: 'Encryption',
    doc: 'Alias of the key with which new events are encrypted. Absent: they are not.',
  },
  'encryption.cipherProvider': {
    type: 'string',
    group: 'Encryption',
    doc: '`AESCTRNOPADDING`, the only one that there is.',
  },
  'encryption.keyProvider': {
    type: 'string',
    group: 'Encryption',
    doc: '`JCEKSFILE`, the only one that there is: keys of a Java key store of type JCEKS.',
  },
  'encryption.keyProvider.keyStoreFile': { type: 'string', group: 'Encryption', doc: 'The key store.' },
  'encryption.keyProvider.keyStorePasswordFile': {
    type: 'string',
    group: 'Encryption',
    doc: 'File with the password of the key store.',
  },
  'encryption.keyProvider.keys': {
    type: 'list',
    group: 'Encryption',
    doc: 'Aliases of all keys that are in use, by blanks: the active one, and older ones for events that are still in the channel.',
  },
  'encryption.keyProvider.key': {
    type: 'map',
    prefix: 'encryption.keyProvider.keys.',
    group: 'Encryption',
    doc: '`encryption.keyProvider.keys.<alias>.passwordFile`: file with the password of that key. Absent: that of the key store.',
  },
});

export interface EncryptionSettings {
  /** Null: new events are not encrypted; old keys are there for reading. */
  readonly activeKey: string | null;
  readonly keyStoreFile: string;
  readonly keyStorePasswordFile: string;
  readonly keys: readonly EncryptionKeySettings[];
}

export interface EncryptionKeySettings {
  readonly alias: string;
  /** Null: the password of the key store. */
  readonly passwordFile: string | null;
}

type EncryptionValues = OptionValues<typeof encryptionOptions>;

const cipherNames = [
  'aesctrnopadding',
  'org.apache.flume.channel.file.encryption.aesctrnopaddingprovider$decryptorbuilder',
];
const providerNames = ['jceksfile', 'org.apache.flume.channel.file.encryption.jcefilekeyprovider$builder'];
const keySuffix = '.passwordFile';

/** Null where nothing is encrypted, and was not before. `checkEncryption` has found no error. */
export function readEncryption(values: EncryptionValues): EncryptionSettings | null {
  const keyStoreFile = values['encryption.keyProvider.keyStoreFile'];
  const keyStorePasswordFile = values['encryption.keyProvider.keyStorePasswordFile'];
  if (keyStoreFile === null || keyStorePasswordFile === null) return null;
  const aliases = values['encryption.keyProvider.keys'] ?? [];
  const passwords = values['encryption.keyProvider.key'];
  return {
    activeKey: values['encryption.activeKey'],
    keyStoreFile,
    keyStorePasswordFile,
    keys: aliases.map((alias) => ({ alias, passwordFile: passwords[`${alias}${keySuffix}`] ?? null })),
  };
}

export function checkEncryption(values: EncryptionValues): ComponentRemark[] {
  const remarks: ComponentRemark[] = [];
  const error = (option: keyof EncryptionValues, message: string): void => {
    remarks.push({ severity: 'error', option, message });
  };
  const activeKey = values['encryption.activeKey'];
  const cipher = values['encryption.cipherProvider'];
  const provider = values['encryption.keyProvider'];
  if (cipher !== null && !cipherNames.includes(cipher.toLowerCase())) {
    error('encryption.cipherProvider', `there is no cipher "${cipher}", only AESCTRNOPADDING.`);
  }
  if (provider !== null && !providerNames.includes(provider.toLowerCase())) {
    error('encryption.keyProvider', `there is no key provider "${provider}", only JCEKSFILE.`);
  }
  if ((activeKey === null) !== (cipher === null)) {
    error(
      activeKey === null ? 'encryption.cipherProvider' : 'encryption.activeKey',
      'encryption.activeKey and encryption.cipherProvider are given both or neither.',
    );
  }
  if (activeKey === null && provider === null) return remarks;
  if (provider === null) error('encryption.activeKey', 'encryption.keyProvider is missing: where the key comes from.');
  for (const name of ['encryption.keyProvider.keyStoreFile', 'encryption.keyProvider.keyStorePasswordFile'] as const) {
    if (values[name] === null) error('encryption.keyProvider', `${name} is missing.`);
  }
  const keys = values['encryption.keyProvider.keys'] ?? [];
  if (keys.length === 0) error('encryption.keyProvider', 'encryption.keyProvider.keys names no key.');
  else if (activeKey !== null && !keys.includes(activeKey)) {
    error(
      'encryption.activeKey',
      `encryption.activeKey ${activeKey} is not in encryption.keyProvider.keys (${keys.join(', ')}).`,
    );
  }
  return remarks;
}
