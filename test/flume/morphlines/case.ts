/** A morphline and what goes through it, run through Kite's jars and through ours. */
export interface MorphlineCase {
  readonly name: string;
  /** The inside of `commands : [ ]`. DICTIONARIES stands for a folder with our grok dictionaries, HERE for the one with databases. */
  readonly commands?: string;
  /** The whole file instead. */
  readonly file?: string;
  /** Records, one after another through the same morphline. A list is several values; `_attachment_body` is bytes, `base64:…` or UTF-8. */
  readonly input?: readonly CaseRecord[];
  /** Where ours is meant to differ: why, and what ours gives (JSON of its outcome, or a part of it). */
  readonly differs?: { readonly why: string; readonly ours: string };
  /** Values that no two runs have in common: names of fields whose values are compared by their kind only. */
  readonly random?: readonly string[];
}

export type CaseRecord = Readonly<Record<string, string | readonly string[]>>;

export function body(text: string, others: CaseRecord = {}): readonly CaseRecord[] {
  return [{ _attachment_body: text, ...others }];
}

/** The bytes of an `_attachment_body`. */
export function bodyBytes(value: string): Buffer {
  return value.startsWith('base64:') ? Buffer.from(value.slice('base64:'.length), 'base64') : Buffer.from(value);
}
