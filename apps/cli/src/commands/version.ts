import { restFlags, type Command } from '../command.js';
import { outputForm, showOne } from '../output.js';
import { restClient } from '../rest-client.js';
import { textAt } from '../rest-noun.js';
import { CommandError } from '../exit-codes.js';

export const versionCommand: Command = {
  path: ['version'],
  summary: 'Version of this command and of the administration, where one answers',
  flags: restFlags,
  async run(input) {
    const { productVersion } = await import('../version.js');
    let server: string | null = null;
    try {
      const root = await restClient(input).get('/');
      server = textAt(root, 'product_version') ?? 'answers';
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
    if (outputForm(input) !== null) return showOne(input, { client: productVersion, server }, productVersion);
    input.out(`millrace ${productVersion}`);
    input.out(server === null ? `No administration answers at ${input.text('url')}.` : `administration ${server}`);
  },
};
