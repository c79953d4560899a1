// Option declarations as Markdown tables.

/** One table for each group of the options, under a heading of the third level. */
export function optionTables(specs, defaultGroup) {
  const groups = new Map();
  for (const [name, spec] of Object.entries(specs)) {
    const group = spec.group ?? defaultGroup;
    groups.set(group, { ...groups.get(group), [name]: spec });
  }
  return [...groups].flatMap(([group, members]) => [`### ${group}`, optionTable(members)]);
}

export function optionTable(specs) {
  const rows = Object.entries(specs).map(([name, spec]) => optionRow(name, spec));
  if (rows.length === 0) return 'No options.';
  return ['| option | type | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Text that may stand in a cell. */
export function escaped(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function optionRow(name, spec) {
  const shown = spec.type === 'map' ? `${spec.prefix ?? `${name}.`}*` : name;
  return `| \`${escaped(shown)}\` | ${typeInWords(spec)} | ${defaultInWords(spec)} | ${escaped(meaning(spec))} |`;
}

function typeInWords(spec) {
  return spec.unit === undefined ? spec.type : `${spec.type}, ${spec.unit}`;
}

function defaultInWords(spec) {
  if (spec.required === true) return '**needed**';
  if (spec.default === undefined || spec.default === '') return '';
  const text = Array.isArray(spec.default) ? spec.default.join(',') : String(spec.default);
  return text === '' ? '' : `\`${escaped(text)}\``;
}

function meaning(spec) {
  return [spec.doc.trim(), valuesOf(spec), rangeOf(spec), aliasesOf(spec)].filter((part) => part !== '').join(' ');
}

function valuesOf(spec) {
  return spec.values === undefined ? '' : `One of ${spec.values.map((value) => `\`${value}\``).join(', ')}.`;
}

function rangeOf({ min, max }) {
  if (min === undefined && max === undefined) return '';
  if (max === undefined) return `At least ${min}.`;
  return min === undefined ? `At most ${max}.` : `${min} to ${max}.`;
}

function aliasesOf({ aliases }) {
  return aliases === undefined || aliases.length === 0
    ? ''
    : `Also ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
}
