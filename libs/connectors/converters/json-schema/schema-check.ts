import type { RegisteredSchema } from '../schema-registry/registry-client.js';

/** Throws where a JSON text is not what the schema says; `$schema` tells which draft it is of, draft 7 where it does not. */
export async function schemaCheck({ text, references }: RegisteredSchema): Promise<(text: string) => void> {
  const schema = JSON.parse(text) as object;
  const ajv = await validatorOf('$schema' in schema ? String(schema.$schema) : '');
  for (const { name, text: other } of references) ajv.addSchema(JSON.parse(other) as object, name);
  const isValid = ajv.compile(schema);
  return (payload) => {
    if (!isValid(JSON.parse(payload))) throw new Error(ajv.errorsText(isValid.errors));
  };
}

async function validatorOf(draft: string): Promise<import('ajv').Ajv> {
  // Formats and keywords of Connect's own are no reason to refuse a schema.
  const options = { strict: false, validateSchema: false, validateFormats: false };
  if (/2020-12/.test(draft)) return new (await import('ajv/dist/2020.js')).Ajv2020(options);
  if (/2019-09/.test(draft)) return new (await import('ajv/dist/2019.js')).Ajv2019(options);
  return new (await import('ajv')).Ajv(options);
}
