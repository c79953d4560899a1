import { BadRequestException } from '@nestjs/common';

/** A parameter of a URL in any spelling of case. Throws 400 for other words, so that nobody believes in what was not done. */
export function isOn(name: string, text: string | undefined, byDefault = false): boolean {
  if (text === undefined) return byDefault;
  // Given twice, it is a list.
  const word = String(text).toLowerCase();
  if (word !== 'true' && word !== 'false') {
    throw new BadRequestException(`${name} must be true or false, and is "${word}"`);
  }
  return word === 'true';
}
