import { requireOptions } from '#config/options';
import { rpcCertificateOf, rpcSettings } from '#nest/rpc-settings';
import type { AdminParts } from '../../admin-parts.js';
import type { Resource } from '../resource.js';
import { rpcCertificateToken, WorkersController } from './workers-controller.js';

export const workersResource: Resource = {
  controllers: [WorkersController],
  providers: (parts) => [{ provide: rpcCertificateToken, useFactory: () => certificateOf(parts) }],
};

function certificateOf({ environment }: AdminParts): ReturnType<typeof rpcCertificateOf> {
  const names = Object.keys(rpcSettings);
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => names.includes(entry[0]) && (entry[1] ?? '') !== '',
  );
  return rpcCertificateOf(requireOptions('Calls of workers', rpcSettings, Object.fromEntries(given)));
}
