/** The envelope of the REST proxy's resources: kind, metadata with the resource's own URL, links to others. */
import type { Request } from 'express';

export type Fields = Readonly<Record<string, unknown>>;

/** Builds resources with absolute URLs for one request. Segments are encoded here. */
export class Resources {
  private readonly base: string;

  constructor(request: Request) {
    this.base = `${request.protocol}://${request.headers.host ?? ''}/v3`;
  }

  url(...segments: (string | number)[]): string {
    return [this.base, ...segments.map((segment) => encodeURIComponent(segment))].join('/');
  }

  /** A link to another resource. */
  related(...segments: (string | number)[]): { related: string } {
    return { related: this.url(...segments) };
  }

  one(kind: string, path: readonly (string | number)[], fields: Fields): Fields {
    return {
      kind,
      metadata: { self: this.url(...path), resource_name: resourceName(path) },
      ...fields,
    };
  }

  list(kind: string, path: readonly (string | number)[], data: readonly Fields[]): Fields {
    return { kind, metadata: { self: this.url(...path), next: null }, data };
  }
}

/** `crn:///kafka=ID/topic=orders/partition=0` */
function resourceName(path: readonly (string | number)[]): string {
  const names: Readonly<Record<string, string>> = {
    clusters: 'kafka',
    topics: 'topic',
    partitions: 'partition',
    configs: 'config',
    'consumer-groups': 'consumer-group',
    brokers: 'broker',
    lags: 'lag',
  };
  const pairs: string[] = [];
  for (let at = 0; at < path.length; at += 2) {
    const name = names[String(path[at])] ?? String(path[at]);
    const value = path[at + 1];
    pairs.push(value === undefined ? name : `${name}=${value}`);
  }
  return `crn:///${pairs.join('/')}`;
}
