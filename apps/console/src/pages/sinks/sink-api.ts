import { useEffect, useRef } from 'react';
import type { z } from 'zod';
import type { RevisionView, StatusView, TaskView } from '../../../../admin/src/v1/connectors/connector-schemas.js';
import type { SinkView, TestResult, Validation } from '../../../../admin/src/v1/sinks/sink-schemas.js';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';
import type { JsonSchema } from '../../ui/schema-fields.js';

export type Sink = z.infer<typeof SinkView>;
export type SinkStatus = z.infer<typeof StatusView>;
export type SinkTask = z.infer<typeof TaskView>;
export type SinkRevision = z.infer<typeof RevisionView>;
export type SinkCheck = z.infer<typeof Validation>;
export type SinkTest = z.infer<typeof TestResult>;

export interface SinkType {
  readonly name: string;
  readonly version: string;
  readonly doc: string;
  readonly can_test: boolean;
}

export interface SinkTypeDetail extends SinkType {
  readonly config_schema: JsonSchema;
}

interface PreviewSide {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

export interface SinkPreview {
  readonly counts: Readonly<Record<string, number>>;
  readonly records: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: string | null;
    readonly before: PreviewSide;
    readonly outcome: 'delivered' | 'dropped' | 'failed';
    readonly after: (PreviewSide & { readonly destination: string }) | null;
    readonly error: string | null;
  }[];
}

export const sinksPath = '/api/v1/sinks';

export function pathOf(name: string): string {
  return `${sinksPath}/${encodeURIComponent(name)}`;
}

/** Of a view: `pageOf('lake', 'offsets')`. */
export function pageOf(name: string, tab = ''): string {
  return `/sinks/${encodeURIComponent(name)}${tab === '' ? '' : `/${tab}`}`;
}

const againMs = 2_000;

/** As its tasks last said; asked again while the live numbers of this sink move, not more often than every 2 s. */
export function useSinkStatus(name: string) {
  const answer = useGet<SinkStatus>(`${pathOf(name)}/status`);
  const row = useLiveRow('sinks', name);
  const askedAt = useRef(0);
  const again = useRef(answer.refetch);
  again.current = answer.refetch;
  useEffect(() => {
    if (row === undefined || performance.now() - askedAt.current < againMs) return;
    askedAt.current = performance.now();
    void again.current();
  }, [row]);
  return answer;
}
