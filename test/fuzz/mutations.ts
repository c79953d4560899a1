import { crc32c } from '#std/crc32c';
import type { RandomMessages } from './random-message.js';

/** Lengths and counts that claim too much, in every width that the protocol has. */
const claims = [
  '7fffffff',
  'ffffffff',
  '80000000',
  '7ffffffe',
  '00ffffff',
  '7fff',
  'ffff',
  '8000',
  'ffffffff0f',
  'ffffffff7f',
  'ffffffffffffffffff01',
  '80808080808080808080',
  '808080800f',
  '00',
].map((hex) => Buffer.from(hex, 'hex'));

type Mutation = (frame: Buffer, dice: RandomMessages) => Buffer;

function at(frame: Buffer, dice: RandomMessages): number {
  return dice.below(Math.max(1, frame.length));
}

const mutations: readonly Mutation[] = [
  // One bit.
  (frame, dice) => {
    const place = at(frame, dice);
    frame[place] = (frame[place] ?? 0) ^ (1 << dice.below(8));
    return frame;
  },
  // One byte at an edge of its type.
  (frame, dice) => {
    frame[at(frame, dice)] = dice.pick([0, 1, 0x7f, 0x80, 0xff]);
    return frame;
  },
  // A length, count or varint that lies.
  (frame, dice) => {
    dice.pick(claims).copy(frame, at(frame, dice));
    return frame;
  },
  // Cut off.
  (frame, dice) => frame.subarray(0, at(frame, dice)),
  // Bytes too many, at the end or inside.
  (frame, dice) => {
    const place = dice.below(2) === 0 ? frame.length : at(frame, dice);
    return Buffer.concat([frame.subarray(0, place), dice.pick(claims), frame.subarray(place)]);
  },
  // Bytes missing inside.
  (frame, dice) => {
    const place = at(frame, dice);
    return Buffer.concat([frame.subarray(0, place), frame.subarray(place + 1 + dice.below(8))]);
  },
  // A part said twice.
  (frame, dice) => {
    const from = at(frame, dice);
    return Buffer.concat([frame, frame.subarray(from, from + dice.below(64))]);
  },
  // Another API or version in the header of this one.
  (frame, dice) => {
    if (frame.length >= 4) frame.writeInt16BE(dice.below(dice.below(8) === 0 ? 30_000 : 14), dice.below(2) * 2);
    return frame;
  },
];

/** One to three mutations of a frame without its size. */
export function mutateFrame(frame: Buffer, dice: RandomMessages): Buffer {
  let mutated = frame;
  for (let count = 1 + dice.below(3); count > 0; count -= 1) mutated = dice.pick(mutations)(mutated, dice);
  return mutated;
}

/** A record batch damaged somewhere, in every second case with its length and checksum made right again. */
export function mutateBatch(batch: Buffer, dice: RandomMessages): Buffer {
  const damaged = Buffer.from(mutateFrame(Buffer.from(batch), dice));
  if (damaged.length > 61 && dice.below(2) === 0) {
    damaged.writeInt32BE(damaged.length - 12, 8);
    damaged.writeInt8(2, 16);
    damaged.writeUInt32BE(crc32c(damaged.subarray(21)), 17);
  }
  return damaged;
}
