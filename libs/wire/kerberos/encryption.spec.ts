import { pbkdf2Sync } from 'node:crypto';
import {
  checksum,
  decrypt,
  decryptBlocks,
  deriveByCipher,
  deriveKey,
  encrypt,
  encryptBlocks,
  encryptionTypes,
  fold,
  type EncryptionType,
} from './encryption.js';

const hex = (text: string): Buffer<ArrayBuffer> => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('encryption of Kerberos', () => {
  it.each([
    ['012345', 8, 'be072631276b1955'],
    ['password', 7, '78a07b6caf85fa'],
    ['Rough Consensus, and Running Code', 8, 'bb6ed30870b7f0e0'],
    ['password', 21, '59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e'],
    ['MASSACHVSETTS INSTITVTE OF TECHNOLOGY', 24, 'db3b0d8f0b061e603282b308a50841229ad798fab9540c1b'],
    ['Q', 21, '518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15'],
    ['kerberos', 16, '6b657262 65726f73 7b9b5b2b 93132b93'],
  ])('folds %s into %i bytes (RFC 3961, A.1)', (text, size, expected) => {
    expect(fold(Buffer.from(text), size)).toEqual(hex(expected));
  });

  it.each<[EncryptionType, number, string, string, string]>([
    [17, 1, 'password', 'ATHENA.MIT.EDUraeburn', '42263c6e89f4fc28b8df68ee09799f15'],
    [18, 1, 'password', 'ATHENA.MIT.EDUraeburn', 'fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161'],
    [17, 1200, 'password', 'ATHENA.MIT.EDUraeburn', '4c01cd46d632d01e6dbe230a01ed642a'],
  ])('derives keys (RFC 3962, B; type %i, %i rounds)', (type, rounds, password, salt, expected) => {
    const size = expected.length / 2;
    const bytes = pbkdf2Sync(password, salt, rounds, size, 'sha1');
    expect(deriveByCipher({ type, bytes }, Buffer.from('kerberos'), size).toString('hex')).toBe(expected);
  });

  const words = "I would like the General Gau's Chicken, please, and wonton soup.";
  it.each([
    [17, 'c6353568f2bf8cb4d8a580362da7ff7f97'],
    [31, 'fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5'],
    [32, '39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584'],
    [47, '97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5'],
    [
      64,
      '97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8',
    ],
  ])('steals ciphertext for %i bytes (RFC 3962, B)', (size, expected) => {
    const key = Buffer.from('chicken teriyaki');
    const plain = Buffer.from(words).subarray(0, size);
    const cipher = encryptBlocks(17, key, plain);
    expect(cipher.toString('hex')).toBe(expected);
    expect(decryptBlocks(17, key, cipher).equals(plain)).toBe(true);
  });

  const bases: Record<19 | 20, Buffer<ArrayBuffer>> = {
    19: hex('3705D96080C17728A0E800EAB6E0D23C'),
    20: hex('6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52'),
  };

  it.each<[19 | 20, 'checksum' | 'encryption' | 'integrity', string]>([
    [19, 'checksum', 'b31a018a48f54776f403e9a396325dc3'],
    [19, 'encryption', '9b197dd1e8c5609d6e67c3e37c62c72e'],
    [19, 'integrity', '9fda0e56ab2d85e1569a688696c26a6c'],
    [20, 'checksum', 'ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d'],
    [20, 'encryption', '56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49'],
    [20, 'integrity', '69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f'],
  ])('derives keys (RFC 8009, A; type %i, %s)', (type, use, expected) => {
    expect(deriveKey({ type, bytes: bases[type] }, 2, use).toString('hex')).toBe(expected);
  });

  it('encrypts and sums by RFC 8009, A', () => {
    const key = { type: 19, bytes: bases[19] } as const;
    const confounder = hex('7E5895EAF2672435BAD817F545A37148');
    const cipher = encrypt(key, 2, Buffer.alloc(0), confounder);
    expect(cipher.toString('hex')).toBe('ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718');
    expect(decrypt(key, 2, cipher)).toEqual(Buffer.alloc(0));
    const bytes = Buffer.from(Array.from({ length: 21 }, (_, at) => at));
    expect(checksum(key, 2, bytes).toString('hex')).toBe('d78367186643d67b411cba9139fc1dee');
  });

  it('reads what it wrote, and nothing that was changed or is of another key', () => {
    for (const type of encryptionTypes) {
      const bytes = Buffer.alloc(type === 18 || type === 20 ? 32 : 16, type);
      for (const size of [0, 1, 16, 17, 100]) {
        const plain = Buffer.alloc(size, 7);
        const cipher = encrypt({ type, bytes }, 3, plain);
        expect(decrypt({ type, bytes }, 3, cipher)).toEqual(plain);
        expect(() => decrypt({ type, bytes }, 4, cipher)).toThrow(/key is of another/);
        cipher[size] = (cipher[size] ?? 0) ^ 1;
        expect(() => decrypt({ type, bytes }, 3, cipher)).toThrow(/key is of another/);
      }
    }
  });
});
