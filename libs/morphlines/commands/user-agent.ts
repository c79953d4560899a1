import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { hint, leavesOf } from '../arguments.js';
import { ChainedCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { javaText, javaTrim } from '../java-value.js';
import type { MorphlineRecord } from '../record.js';
import { parseRegexesYaml, regexesYamlBytesMax } from '../useragent/regexes-yaml.js';
import {
  UserAgentParser,
  userAgentComponents,
  type UserAgent,
  type UserAgentComponent,
} from '../useragent/user-agent-parser.js';

/**
 * Takes the browser's text in `inputField` apart by a database of ua-parser and puts each of `outputFields`, such as
 * `"@{ua_family} @{ua_major}.@{ua_minor}"`. Arguments: `database`, a regexes.yaml (needed: none comes along), `nullReplacement` (empty) for
 * what the text does not tell, `cacheCapacity` (1000) texts whose results are kept.
 */
export const userAgent: CommandType = {
  name: 'userAgent',
  className: 'org.kitesdk.morphline.useragent.UserAgentBuilder',
  create: (input) => new UserAgentCommand(input),
};

/**
 * Patterns are tried on so many characters, because the time of some grows faster than the text. With ua-parser's own database of 2018 a
 * text made to be slow takes 0.5 s at 512 characters and 1.7 s at 1024; a browser's takes 0.7 ms.
 */
const agentCharsMax = 512;
/** Bounds the cache whatever `cacheCapacity` says; longer texts than `agentCharsMax` are not kept. */
const cachedAgentsMax = 10_000;

interface Output {
  readonly field: string;
  readonly parts: readonly OutputPart[];
}

type OutputPart = { readonly text: string } | { readonly component: UserAgentComponent };

class UserAgentCommand extends ChainedCommand {
  private readonly inputField: string;
  private readonly parser: UserAgentParser;
  private readonly nullReplacement: string;
  private readonly cacheCapacity: number;
  private readonly outputs: readonly Output[];
  /** Results in the order of `outputs`, by text; the one unused for longest is first. */
  private readonly cache = new Map<string, readonly string[]>();

  constructor({ arguments: args, child, context }: CommandInput) {
    super(child);
    this.inputField = args.string('inputField');
    this.cacheCapacity = Math.min(args.integer('cacheCapacity', 1000), cachedAgentsMax);
    this.nullReplacement = args.string('nullReplacement', '');
    const outputs = args.optionalObject('outputFields');
    this.outputs = (outputs === null ? [] : leavesOf(outputs)).map(([field, expression]) => {
      const text =
        typeof expression === 'string'
          ? expression
          : args.fail(`the value of ${field} has to be a text`, 'outputFields');
      return { field, parts: args.attempt('outputFields', javaTrim(text), partsOf) };
    });
    const database =
      args.optionalString('database') ??
      args.fail(
        'the argument database is missing: name a regexes.yaml of ua-parser (its project uap-core publishes it)',
      );
    this.parser = args.attempt('database', database, (path) =>
      readDatabase(existsSync(path) ? path : resolve(context.folder, path), path),
    );
  }

  process(record: MorphlineRecord): boolean {
    // An output may go to the field that is read: what it adds is not read again.
    for (const value of record.get(this.inputField).slice()) {
      const results = this.resultsOf(javaTrim(javaText(value)));
      for (const [index, { field }] of this.outputs.entries()) record.put(field, results[index] ?? '');
    }
    return this.child.process(record);
  }

  private resultsOf(agent: string): readonly string[] {
    const known = this.cache.get(agent);
    if (known !== undefined) {
      this.cache.delete(agent);
      this.cache.set(agent, known);
      return known;
    }
    const parsed = this.parser.parse(agent.slice(0, agentCharsMax));
    const results = this.outputs.map(({ parts }) => this.write(parts, parsed));
    if (agent.length > agentCharsMax || this.cacheCapacity <= 0) return results;
    this.cache.set(agent, results);
    if (this.cache.size > this.cacheCapacity) this.cache.delete(this.cache.keys().next().value ?? '');
    return results;
  }

  /** Text before a component that is empty is left out: it is taken for what separates the two. */
  private write(parts: readonly OutputPart[], agent: UserAgent): string {
    let result = '';
    let separator = '';
    for (const part of parts) {
      if ('text' in part) {
        separator = part.text;
        continue;
      }
      const value = agent[part.component] ?? this.nullReplacement;
      if (value !== '') result += separator + value;
      separator = '';
    }
    return result + separator;
  }
}

function partsOf(expression: string): readonly OutputPart[] {
  const parts: OutputPart[] = [];
  let from = 0;
  while (from < expression.length) {
    const start = expression.indexOf('@{', from);
    if (start !== from) parts.push({ text: expression.slice(from, start < 0 ? undefined : start) });
    if (start < 0) break;
    const end = expression.indexOf('}', start);
    if (end < 0) throw new Error(`${expression} has a @{ that is never closed by }`);
    const name = expression.slice(start + 2, end);
    const component = userAgentComponents.find((known) => known === name);
    if (component === undefined)
      throw new Error(
        `there is no component ${name}${hint(name, userAgentComponents)}; there are ${userAgentComponents.join(', ')}`,
      );
    parts.push({ component });
    from = end + 1;
  }
  return parts;
}

function readDatabase(path: string, name: string): UserAgentParser {
  const { size } = statSync(path);
  if (size > regexesYamlBytesMax) throw new Error(`${name} has ${size} bytes; at most ${regexesYamlBytesMax} are read`);
  return new UserAgentParser(parseRegexesYaml(readFileSync(path, 'utf8'), name), name);
}
