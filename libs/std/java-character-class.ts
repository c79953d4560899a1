/** Ranges of characters, first and last of each, sorted and apart. */
export type CharacterRanges = readonly (readonly [number, number])[];

const lastUnit = 0xffff;
const lastPoint = 0x10ffff;

const space: CharacterRanges = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
const digit: CharacterRanges = [[0x30, 0x39]];
const upper: CharacterRanges = [[0x41, 0x5a]];
const lower: CharacterRanges = [[0x61, 0x7a]];
const word: CharacterRanges = [...digit, ...upper, [0x5f, 0x5f], ...lower];

/** `\d`, `\s` … by their letter. Java's know ASCII only. */
export const shorthandClasses: Readonly<Record<string, CharacterRanges>> = {
  d: digit,
  s: space,
  w: word,
  h: [
    [0x09, 0x09],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x180e, 0x180e],
    [0x2000, 0x200a],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
  ],
  v: [
    [0x0a, 0x0d],
    [0x85, 0x85],
    [0x2028, 0x2029],
  ],
};

/** `\p{Lower}` …, as without UNICODE_CHARACTER_CLASS. */
export const posixClasses: Readonly<Record<string, CharacterRanges>> = {
  Lower: lower,
  Upper: upper,
  ASCII: [[0, 0x7f]],
  Alpha: [...upper, ...lower],
  Digit: digit,
  Alnum: [...digit, ...upper, ...lower],
  Punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  Graph: [[0x21, 0x7e]],
  Print: [[0x20, 0x7e]],
  Blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  Cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  XDigit: [...digit, [0x41, 0x46], [0x61, 0x66]],
  Space: space,
};

/** Java's names for properties that JavaScript calls otherwise. What is not here and not `Is…` is tried as it stands. */
export const unicodeProperties: Readonly<Record<string, string>> = {
  javaLowerCase: 'Lowercase',
  javaUpperCase: 'Uppercase',
  javaWhitespace: 'White_Space',
  javaAlphabetic: 'Alphabetic',
  javaLetter: 'L',
  javaDigit: 'Nd',
  IsLetter: 'L',
  IsDigit: 'Nd',
  IsPunctuation: 'P',
  IsControl: 'Cc',
  IsTitlecase: 'Lt',
};

/** All other characters. */
export function complementOf(ranges: CharacterRanges, isUnicode: boolean): CharacterRanges {
  const rest: [number, number][] = [];
  let from = 0;
  for (const [first, last] of ranges) {
    if (first > from) rest.push([from, first - 1]);
    from = last + 1;
  }
  rest.push([from, isUnicode ? lastPoint : lastUnit]);
  return rest;
}

/** The inside of a JavaScript class. */
export function classText(ranges: CharacterRanges): string {
  return ranges
    .map(([first, last]) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`))
    .join('');
}

/** One character, written so that it means itself inside and outside classes, with and without the flag u. */
export function escaped(code: number): string {
  const character = String.fromCodePoint(code);
  if (/[a-zA-Z0-9_ !"#%&',:;<=>@~`]/.test(character)) return character;
  if (/[\\^$.*+?()[\]{}|/]/.test(character)) return `\\${character}`;
  if (code > lastUnit) return `\\u{${code.toString(16)}}`;
  return code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;
}
