import { MillraceError } from '#std/errors';
import { securityErrors } from './errors.js';

/** A login module of a JAAS text: `org.apache…PlainLoginModule required username="admin" user_alice="secret";`. */
export interface JaasEntry {
  readonly module: string;
  readonly flag: string;
  readonly options: Readonly<Record<string, string>>;
}

const flags = new Set(['required', 'requisite', 'sufficient', 'optional']);

/**
 * Reads the value of `sasl.jaas.config` as Kafka does: `module flag name=value … ;`, values bare or in double quotes with
 * `\"` and `\\`. Throws `security.jaas.invalid`, whose sentence has no value in it, for values are passwords.
 */
export function parseJaas(text: string): JaasEntry {
  const words = wordsOf(text);
  const [module, flag, ...rest] = words;
  if (module === undefined || flag === undefined || rest.at(-1)?.text !== ';' || rest.at(-1)?.quoted === true) {
    throw invalid('it must read `module required name="value" …;` and end with a semicolon');
  }
  if (!flags.has(flag.text.toLowerCase())) throw invalid('the word after the module must be `required`');
  const options: Record<string, string> = {};
  const body = rest.slice(0, -1);
  for (let at = 0; at < body.length; at += 3) {
    const [name, equals, value] = body.slice(at, at + 3);
    if (name === undefined || name.quoted || equals?.text !== '=' || equals.quoted || value === undefined) {
      throw invalid(`option ${at / 3 + 1} is not of the form name="value"`);
    }
    options[name.text] = value.text;
  }
  return { module: module.text, flag: flag.text, options };
}

interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
    } else if (char === '=' || char === ';') {
      words.push({ text: char, quoted: false });
      at += 1;
    } else if (char === '"') {
      let value = '';
      at += 1;
      while (at < text.length && text.charAt(at) !== '"') {
        if (text.charAt(at) === '\\' && at + 1 < text.length) at += 1;
        value += text.charAt(at);
        at += 1;
      }
      if (at >= text.length) throw invalid('a quotation mark is not closed');
      words.push({ text: value, quoted: true });
      at += 1;
    } else {
      const end = /[\s=;"]/.exec(text.slice(at))?.index ?? text.length - at;
      words.push({ text: text.slice(at, at + end), quoted: false });
      at += end;
    }
  }
  return words;
}

function invalid(reason: string): MillraceError {
  return new MillraceError(securityErrors.jaas, `A JAAS configuration cannot be read: ${reason}.`);
}
