import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Connector } from '#control/connector';
import { mayRead } from '../../access/principal.js';
import { pageOf, type Page } from '../page.js';
import type { ListQuery } from './connector-schemas.js';
import type { ConnectorForm } from './connector-form.js';
import { briefStatus } from './connector-views.js';
import type { DesiredConnectors } from './desired-connectors.js';

/** A page of what there is, each with how it is in brief. `matches` is asked besides what every list can be narrowed by. */
export async function listConnectors(
  desired: DesiredConnectors,
  form: ConnectorForm,
  given: {
    readonly query: z.output<typeof ListQuery>;
    readonly matches?: (connector: Connector) => boolean;
    readonly request: Request;
    readonly response: Response;
  },
): Promise<Page<object>> {
  const { query, matches = () => true } = given;
  const [connectors, counts] = await Promise.all([desired.store.listConnectors(), desired.store.taskCounts()]);
  const part = query.filter?.toLowerCase() ?? '';
  const labels = (query.label ?? []).map(parseLabel);
  const found = connectors
    .filter(
      (connector) =>
        connector.kind === form.kind &&
        mayRead(given.request, form.path, connector.name) &&
        connector.name.toLowerCase().includes(part) &&
        labels.every(({ name, value }) => hasLabel(connector, name, value)) &&
        matches(connector),
    )
    .map((connector) => ({ connector, status: briefStatus(connector, counts.get(connector.name)) }))
    .filter(({ status }) => query.state === undefined || status.state === query.state);
  const page = pageOf(inOrderOfTokens(found), {
    kind: `${form.title}List`,
    query,
    keyOf: ({ connector }) => connector.name,
    request: given.request,
    response: given.response,
  });
  return {
    ...page,
    data: page.data.map(({ connector, status }) => ({ ...form.show(desired.classes, connector), status })),
  };
}

/** Tokens are compared as JavaScript does, the database sorts as its language does. */
function inOrderOfTokens<T extends { readonly connector: Connector }>(found: readonly T[]): T[] {
  return found.toSorted((a, b) => (a.connector.name < b.connector.name ? -1 : 1));
}

function parseLabel(text: string): { name: string; value: string | null } {
  const at = text.indexOf('=');
  return at < 0 ? { name: text, value: null } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

function hasLabel({ labels }: Connector, name: string, value: string | null): boolean {
  return Object.hasOwn(labels, name) && (value === null || labels[name] === value);
}
