import type { ErrorKind } from '#std/errors';

export const serverErrors = {
  unsupported: { code: 'server.request.unsupported', retriable: false, kafka: 35 },
} satisfies Record<string, ErrorKind>;
