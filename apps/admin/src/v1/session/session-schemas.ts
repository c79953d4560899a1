import { z } from 'zod';

const LoginForm = z.union([
  z.strictObject({ user: z.string().min(1).max(250), password: z.string().min(1).max(1_000) }),
  z.strictObject({ key: z.string().min(1).max(1_000).describe('An API key.') }),
]);
export const NewSession = LoginForm.meta({ id: 'NewSession', writeOnly: true });

export const SessionView = z
  .object({
    name: z.string().describe('`User:alice`, `ApiKey:ci`.'),
    created_at: z.iso.datetime().nullable().describe('Null: the request came without the cookie of a login.'),
    expires_at: z.iso.datetime().nullable().describe('When it ends without a further request.'),
  })
  .meta({ id: 'Session' });

export const EndQuery = z.object({
  everywhere: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Ends all logins of the caller by a browser.'),
});
