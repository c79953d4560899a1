import type { Charset } from '../charset.js';
import { ChainedCommand, StepCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { javaText } from '../java-value.js';
import type { MorphlineRecord } from '../record.js';
import { parseJavaUri, type JavaUri } from './java-uri.js';

const components = [
  'scheme',
  'authority',
  'path',
  'query',
  'fragment',
  'host',
  'port',
  'schemeSpecificPart',
  'userInfo',
] as const;

/** All parts of the URIs in a field, each into a field of its name. */
export const extractUriComponents: CommandType = {
  name: 'extractURIComponents',
  className: 'org.kitesdk.morphline.stdlib.ExtractURIComponentsBuilder',
  create({ arguments: args, child }) {
    const prefix = args.string('outputFieldPrefix', '');
    const targets = components.map((component) => ({ component, field: prefix + component }));
    return extraction(args.string('inputField'), args.boolean('failOnInvalidURI', false), child, targets);
  },
};

/** One part of the URIs in a field. */
export const extractUriComponent: CommandType = {
  name: 'extractURIComponent',
  className: 'org.kitesdk.morphline.stdlib.ExtractURIComponentBuilder',
  create({ arguments: args, child }) {
    const component = args.choice('component', components);
    const targets = [{ component, field: args.string('outputField') }];
    return extraction(args.string('inputField'), args.boolean('failOnInvalidURI', false), child, targets);
  },
};

interface Target {
  readonly component: (typeof components)[number];
  readonly field: string;
}

function extraction(
  inputField: string,
  failOnInvalid: boolean,
  child: CommandInput['child'],
  targets: readonly Target[],
): StepCommand {
  return new StepCommand(child, (record) => {
    for (const value of record.get(inputField).slice()) {
      const uri = parseJavaUri(javaText(value));
      if (uri === null && failOnInvalid) return false;
      if (uri !== null) put(uri, targets, record);
    }
    return true;
  });
}

function put(uri: JavaUri, targets: readonly Target[], record: MorphlineRecord): void {
  for (const { component, field } of targets) {
    const part = uri[component];
    if (part !== null) record.put(field, part);
  }
}

/** The values of one parameter in the queries of URIs. */
export const extractUriQueryParameters: CommandType = {
  name: 'extractURIQueryParameters',
  className: 'org.kitesdk.morphline.stdlib.ExtractURIQueryParametersBuilder',
  create: (input) => new ExtractUriQueryParameters(input),
};

class ExtractUriQueryParameters extends ChainedCommand {
  private readonly parameter: string;
  private readonly inputField: string;
  private readonly outputField: string;
  private readonly failOnInvalid: boolean;
  private readonly parametersMax: number;
  private readonly charset: Charset;

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.parameter = args.string('parameter');
    this.inputField = args.string('inputField');
    this.outputField = args.string('outputField');
    this.failOnInvalid = args.boolean('failOnInvalidURI', false);
    this.parametersMax = args.integer('maxParameters', 2 ** 31 - 1);
    this.charset = args.charsetOrUtf8('charset');
  }

  process(record: MorphlineRecord): boolean {
    for (const value of record.get(this.inputField).slice()) {
      const uri = parseJavaUri(javaText(value));
      if (uri === null && this.failOnInvalid) return false;
      let found = 0;
      for (const pair of (uri?.rawQuery ?? '').split('&')) {
        if (found >= this.parametersMax) break;
        const equals = pair.indexOf('=');
        if (equals < 0 || this.decode(pair.slice(0, equals)) !== this.parameter) continue;
        record.put(this.outputField, this.decode(pair.slice(equals + 1)));
        found += 1;
      }
    }
    return this.child.process(record);
  }

  /** As in forms: a plus is a blank. */
  private decode(text: string): string {
    return text
      .replaceAll('+', ' ')
      .replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
        this.charset.decode(Buffer.from(escapes.replaceAll('%', ''), 'hex')),
      );
  }
}
