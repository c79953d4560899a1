import { useEffect, useRef } from 'react';
import type { z } from 'zod';
import type {
  CollectorValidation,
  CollectorView,
  ConfLineView,
} from '../../../../admin/src/v1/collectors/collector-schemas.js';
import type { ComponentList, ComponentView, Preview } from '../../../../admin/src/v1/collectors/component-schemas.js';
import type { RevisionView, StatusView } from '../../../../admin/src/v1/connectors/connector-schemas.js';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';

export type Collector = z.infer<typeof CollectorView>;
export type CollectorStatus = z.infer<typeof StatusView>;
export type Component = ComponentView;
export type Components = z.infer<typeof ComponentList>;
export type Validation = z.infer<typeof CollectorValidation>;
export type ConfLine = z.infer<typeof ConfLineView>;
export type SampleAnswer = Preview;
export type Revision = z.infer<typeof RevisionView>;

export interface ComponentKind {
  readonly kind: 'source' | 'channel' | 'sink' | 'interceptor';
  readonly name: string;
  readonly class_names: readonly string[];
  readonly options: readonly { readonly name: string; readonly doc: string }[];
}

export const collectorsPath = '/api/v1/collectors';

export function pathOf(name: string): string {
  return `${collectorsPath}/${encodeURIComponent(name)}`;
}

/** Of a view: `pageOf('web', 'tap')`. */
export function pageOf(name: string, tab = ''): string {
  return `/collectors/${encodeURIComponent(name)}${tab === '' ? '' : `/${tab}`}`;
}

const againMs = 2_000;

/** As its worker last said; asked again while the live numbers of this collector move, not more often than every 2 s. */
export function useComponents(name: string) {
  const answer = useGet<Components>(`${pathOf(name)}/components`);
  useAgain(name, answer.refetch);
  return answer;
}

export function useStatus(name: string) {
  const answer = useGet<CollectorStatus>(`${pathOf(name)}/status`);
  useAgain(name, answer.refetch);
  return answer;
}

function useAgain(name: string, refetch: () => Promise<unknown>): void {
  const row = useLiveRow('collectors', name);
  const askedAt = useRef(0);
  const again = useRef(refetch);
  again.current = refetch;
  useEffect(() => {
    if (row === undefined || performance.now() - askedAt.current < againMs) return;
    askedAt.current = performance.now();
    void again.current();
  }, [row]);
}
