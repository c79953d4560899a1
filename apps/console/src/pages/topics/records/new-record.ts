/** A record as people type it, and the body that is sent for it. */
export const forms = ['json', 'text', 'hex', 'null'] as const;
export type Form = (typeof forms)[number];

export interface NewRecordForm {
  readonly keyForm: Form;
  readonly key: string;
  readonly valueForm: Form;
  readonly value: string;
  /** `name: value`, one a line. */
  readonly headers: string;
  /** Empty: by the key. */
  readonly partition: string;
}

export interface FormProblems {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: string | null;
}

export function formProblems(form: NewRecordForm): FormProblems {
  const isNothing = form.value === '' && form.valueForm === 'json';
  return {
    key: sideProblem(form.keyForm, form.key),
    // Nothing was typed yet: the button stays off without a word.
    value: isNothing ? '' : sideProblem(form.valueForm, form.value),
    headers: headerLines(form.headers).every((line) => line.includes(':')) ? null : 'A line has no colon: name: value',
  };
}

function sideProblem(form: Form, text: string): string | null {
  if (form === 'json') {
    try {
      JSON.parse(text);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  return form === 'hex' && !/^\s*(?:[0-9a-f]{2}\s*)*$/i.test(text) ? 'Pairs of hexadecimal digits: de ad be ef' : null;
}

/** Of `POST …/records`. An empty key is none. */
export function bodyOf(form: NewRecordForm): object {
  const hasKey = form.keyForm !== 'null' && form.key !== '';
  return {
    ...(hasKey ? sideOf('key', form.keyForm, form.key) : { key: null }),
    ...sideOf('value', form.valueForm, form.value),
    headers: headerLines(form.headers).map((line) => {
      const colon = line.indexOf(':');
      return { key: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim(), encoding: 'text' };
    }),
    ...(form.partition === '' ? {} : { partition: Number(form.partition) }),
  };
}

function sideOf(name: 'key' | 'value', form: Form, text: string): object {
  if (form === 'null') return { [name]: null };
  // As text, so that not a digit and not a blank of it changes.
  if (form !== 'hex') return { [name]: text, [`${name}_encoding`]: 'text' };
  const bytes = text.match(/[0-9a-f]{2}/gi) ?? [];
  return {
    [name]: btoa(bytes.map((byte) => String.fromCharCode(Number.parseInt(byte, 16))).join('')),
    [`${name}_encoding`]: 'base64',
  };
}

function headerLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
