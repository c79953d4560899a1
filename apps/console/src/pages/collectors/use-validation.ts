import { useEffect, useState } from 'react';
import { request } from '../../api/request.js';
import type { Validation } from './collector-api.js';

const pauseMs = 350;

export interface Checked {
  /** Of the newest text that was checked; null: none was yet. */
  readonly validation: Validation | null;
  /** That text: what is being typed may be ahead of it. */
  readonly text: string;
  readonly error: unknown;
}

/** Asks what a text means, once nobody has typed for a moment; what is older than the text is never given. */
export function useValidation(path: string, text: string, agent?: string): Checked {
  const [checked, setChecked] = useState<Checked>({ validation: null, text: '', error: null });
  useEffect(() => {
    if (text.trim() === '') {
      setChecked({ validation: null, text, error: null });
      return;
    }
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      const body = { flume_conf: text, ...(agent === undefined ? {} : { agent }) };
      request<Validation>('POST', path, { body, signal: leaving.signal }).then(
        (validation) => setChecked({ validation, text, error: null }),
        (error: unknown) => {
          if (!leaving.signal.aborted) setChecked((old) => ({ ...old, text, error }));
        },
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [path, text, agent]);
  return checked;
}
