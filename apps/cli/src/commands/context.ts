import { restFlags, topicFlags, yesFlag, type Command } from '../command.js';
import { readContexts, requireContext, writeContexts, type Context } from '../context-file.js';
import { confirm, say, showList } from '../output.js';

export const contextCommands: readonly Command[] = [
  {
    path: ['context', 'list'],
    summary: 'Installations under their names; the current one is marked',
    flags: {},
    async run(input) {
      const { current, contexts } = readContexts();
      // The key is said to be there, and never shown.
      const items = Object.entries(contexts).map(([name, { apiKey, ...rest }]) => ({
        name,
        current: name === current,
        ...rest,
        hasApiKey: apiKey !== undefined,
      }));
      await showList(input, items, {
        columns: [
          { title: 'CURRENT', cell: (item) => (item.current ? '*' : '') },
          { title: 'CONTEXT', cell: (item) => item.name },
          { title: 'REST', cell: (item) => item.url ?? '' },
          { title: 'TOPICS', cell: (item) => item.bootstrap ?? '' },
        ],
        name: (item) => item.name,
        empty: 'No contexts yet: "millrace context add <name> --url … --bootstrap …" makes one.',
      });
    },
  },
  {
    path: ['context', 'add'],
    operands: '<name>',
    summary: 'Keeps addresses and key under a name, or changes them; the first becomes the current one',
    // Without what environment and context would say: only what is given here is kept.
    flags: Object.fromEntries(
      Object.entries({ ...restFlags, ...topicFlags }).map(([name, { doc, value }]) => [name, { doc, value }]),
    ),
    examples: ['context add prod --url https://millrace.example.com --bootstrap kafka-1:9092 --api-key @key.txt'],
    run(input) {
      const file = readContexts();
      const given: Context = {
        url: input.text('url') ?? undefined,
        bootstrap: input.text('bootstrap') ?? undefined,
        clientProperties: input.text('client-properties') ?? undefined,
        apiKey: input.text('api-key') ?? undefined,
      };
      const kept = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const old = Object.hasOwn(file.contexts, input.operand) ? file.contexts[input.operand] : {};
      writeContexts({
        current: file.current ?? input.operand,
        contexts: { ...file.contexts, [input.operand]: { ...old, ...kept } },
      });
      say(input, `Context ${input.operand} is kept${file.current === null ? ' and is the current one' : ''}.`);
      return Promise.resolve();
    },
  },
  {
    path: ['context', 'use'],
    operands: '<name>',
    completes: 'context',
    summary: 'Makes it the current one',
    flags: {},
    run(input) {
      const file = readContexts();
      requireContext(file, input.operand);
      writeContexts({ ...file, current: input.operand });
      say(input, `${input.operand} is the current context.`);
      return Promise.resolve();
    },
  },
  {
    path: ['context', 'delete'],
    operands: '<name>',
    completes: 'context',
    summary: 'Forgets it',
    flags: yesFlag,
    async run(input) {
      const file = readContexts();
      requireContext(file, input.operand);
      await confirm(input, `This forgets the addresses and the key of context ${input.operand}.`, input.operand);
      const contexts = Object.fromEntries(Object.entries(file.contexts).filter(([name]) => name !== input.operand));
      writeContexts({ current: file.current === input.operand ? null : file.current, contexts });
      say(input, `Forgot ${input.operand}.`);
    },
  },
];
