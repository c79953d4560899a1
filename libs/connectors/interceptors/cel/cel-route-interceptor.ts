import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Interceptor } from '#pipeline/collector';
import { FailedEvents, onErrorOptions } from '../failed-events.js';
import { NewHeaders } from '../header-columns.js';
import { CelEvent, checkCel, compileCel } from './cel-expression.js';

const options = defineOptions({
  headerName: {
    type: 'string',
    default: 'route',
    doc: 'Header that gets the value; a multiplexing selector reads it.',
  },
  ruleNames: {
    type: 'list',
    aliases: ['rules'],
    required: true,
    doc: 'Written as `rules`: names of rules; the first whose condition is true gives the value.',
  },
  rules: {
    type: 'map',
    doc: "`rules.<name>.when` is a CEL expression over `body`, `headers` and `json`; `rules.<name>.value` is the header's value, the name of the rule where it is absent.",
  },
  default: { type: 'string', doc: 'Value where no rule holds; absent: the header stays as it is.' },
  ...onErrorOptions,
});

interface Rule {
  readonly value: string;
  readonly holds: (event: CelEvent) => unknown;
}

/** Routes by expressions, together with a multiplexing selector. */
export const celRouteInterceptor: ComponentType<Interceptor> = {
  name: 'cel_route',
  classNames: [],
  doc: 'Sets a header to the value of the first rule whose expression (CEL) is true, for a selector to route by.',
  options,
  check: (given) => readRules(requireOptions('interceptor cel_route', options, given)).remarks,
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const failed = new FailedEvents(input.name, values.onError);
    const { rules } = readRules(values);
    return {
      start: (context) => Promise.resolve(failed.start(context)),
      intercept(batch) {
        const event = new CelEvent(batch);
        const headers = new NewHeaders(batch);
        for (let index = 0; index < batch.count; index += 1) {
          try {
            const rule = rules.find(({ holds }) => holds(event.at(index)) === true);
            const value = rule?.value ?? values.default;
            if (value !== null) headers.set(index, values.headerName, value);
          } catch (error) {
            failed.add(index, error);
            if (values.default !== null) headers.set(index, values.headerName, values.default);
          }
        }
        return failed.finish(headers.applied());
      },
    };
  },
};

function readRules(values: OptionValues<typeof options>): { rules: Rule[]; remarks: ComponentRemark[] } {
  const rules: Rule[] = [];
  const remarks: ComponentRemark[] = [];
  for (const name of values.ruleNames) {
    const option = `rules.${name}.when`;
    const when = values.rules[`${name}.when`];
    const problem = when === undefined ? 'is missing: the condition of the rule.' : checkCel(when);
    if (problem !== null) remarks.push({ severity: 'error', option, message: `${option} ${problem}` });
    else if (when !== undefined) rules.push({ value: values.rules[`${name}.value`] ?? name, holds: compileCel(when) });
  }
  return { rules, remarks };
}
