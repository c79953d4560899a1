/** From a JSON Schema of an object to the fields of a form, and from what is typed to values. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}
export type FormValue = Readonly<Record<string, unknown>>;
export type Problems = ReadonlyMap<string, string>;
export type FieldKind = 'text' | 'number' | 'boolean' | 'enum' | 'list' | 'secret' | 'object' | 'json';

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly kind: FieldKind;
  readonly isRequired: boolean;
  /** Shown before the others. */
  readonly isMain: boolean;
  readonly group: string;
  readonly unit: string;
  readonly defaultText: string;
  readonly example: string;
  /** Of an enum. */
  readonly values: readonly string[];
  /** Of an object. */
  readonly schema: JsonSchema;
}

/** What is required first, then as the schema has them. */
export function fieldsOf(schema: JsonSchema, root: JsonSchema = schema): FormField[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const fields = Object.entries(objectOf(schema['properties'])).map(([name, given]) => {
    const property = resolved(objectOf(given), root);
    const own = mainOf(property, root);
    const kind = kindOf(own);
    const isRequired = required.includes(name) && property['default'] === undefined;
    const importance = property['x-importance'];
    return {
      name,
      label: textOf(property['title']) || name,
      description: textOf(property['description']) || textOf(own['description']),
      kind,
      isRequired,
      isMain: isRequired || importance === 'high' || importance === undefined,
      group: textOf(property['x-group']) || 'Other',
      unit: textOf(property['x-unit']),
      defaultText: shownValue(property['default']),
      example: Array.isArray(property['examples']) ? shownValue(property['examples'][0]) : '',
      values: valuesOf(own),
      schema: kind === 'object' ? { ...own, $defs: root['$defs'] } : own,
    };
  });
  return fields.toSorted((left, right) => Number(right.isRequired) - Number(left.isRequired));
}

/** Of several forms that a value may have, the one that a form is made for: not the reference, not null. */
function mainOf(property: JsonSchema, root: JsonSchema): JsonSchema {
  const choices = property['anyOf'] ?? property['oneOf'];
  if (!Array.isArray(choices)) return property;
  const forms = choices.map((choice) => resolved(objectOf(choice), root)).filter(({ type }) => type !== 'null');
  if (forms.every((form) => form['const'] !== undefined)) return { enum: forms.map((form) => form['const']) };
  const [first = property] = forms;
  return forms.length > 1 && forms.some((form) => form['type'] === 'object') ? {} : first;
}

function kindOf(schema: JsonSchema): FieldKind {
  if (valuesOf(schema).length > 0) return 'enum';
  if (schema['writeOnly'] === true) return 'secret';
  switch (schema['type']) {
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return objectOf(schema['items'])['type'] === 'string' ? 'list' : 'json';
    case 'object':
      return schema['properties'] === undefined ? 'json' : 'object';
    case 'string':
      return 'text';
    default:
      return 'json';
  }
}

function valuesOf(schema: JsonSchema): string[] {
  if (Array.isArray(schema['enum'])) return schema['enum'].filter((value) => value !== null).map(String);
  return schema['const'] === undefined ? [] : [shownValue(schema['const'])];
}

/** Follows `#/$defs/Name`. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const [, name] = /^#\/\$defs\/(.+)$/.exec(textOf(schema['$ref'])) ?? [];
  return name === undefined ? schema : { ...objectOf(objectOf(root['$defs'])[name]), ...schema };
}

/** As a field shows it: lists a line each, objects as JSON; what is not there is empty. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/**
 * What is meant by a text; undefined for an empty one. What is no number or no JSON yet goes as it is typed: the server says what is wrong, and
 * `${env:NAME}` may stand for a number.
 */
export function valueOfText(text: string, kind: FieldKind): unknown {
  if (text.trim() === '') return undefined;
  switch (kind) {
    case 'number':
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
      return text.split('\n').filter((line, index, lines) => line !== '' || index === lines.length - 1);
    case 'json':
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    default:
      return text;
  }
}

function objectOf(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Before it is sent: a list's last line may be one that was only begun. */
export function cleanValue(value: FormValue): FormValue {
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, Array.isArray(item) ? item.filter((one) => one !== '') : item]),
  );
}
