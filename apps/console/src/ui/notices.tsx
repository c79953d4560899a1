import { useSyncExternalStore, type ReactNode } from 'react';
import { ApiError } from '../api/request.js';
import { Button, Command, type Tone } from './basics.js';
import { cureOf } from './cures.js';

/** What went wrong, why, and what to do. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const cure = cureOf(error);
  return (
    <div className="notice stack" data-tone="bad" role="alert" style={{ gap: 6 }}>
      <strong>{error instanceof Error ? error.message : String(error)}</strong>
      {error instanceof ApiError && error.fields.length > 0 ? (
        <ul>
          {error.fields.map(({ pointer, message }) => (
            <li key={`${pointer} ${message}`}>
              <code>{pointer}</code> {message}
            </li>
          ))}
        </ul>
      ) : null}
      {cure === null ? null : <p>{cure}</p>}
      <div className="row">
        {error instanceof ApiError ? <code className="quiet">{error.code}</code> : null}
        {onRetry === undefined ? null : <Button onPress={onRetry}>Try again</Button>}
      </div>
    </div>
  );
}

/** Says what would be here, and the one command that brings it. */
export function EmptyState(props: { title: string; children?: ReactNode; command?: string; action?: ReactNode }) {
  return (
    <div className="empty card">
      <h2>{props.title}</h2>
      {props.children === undefined ? null : <div className="quiet">{props.children}</div>}
      {props.command === undefined ? null : <Command text={props.command} />}
      {props.action}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="quiet" role="status">
      Loading {what} …
    </p>
  );
}

interface Toast {
  readonly id: number;
  readonly text: ReactNode;
  readonly tone: Tone;
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();
const toastMs = 8_000;
const toastsMax = 4;

/** Says something for eight seconds, or until it is closed. */
export function toast(text: ReactNode, tone: Tone = 'good', action: Toast['action'] = null): void {
  const id = nextId;
  nextId += 1;
  setToasts([...toasts, { id, text, tone, action }].slice(-toastsMax));
  setTimeout(() => setToasts(toasts.filter((one) => one.id !== id)), toastMs);
}

/** An error as a toast, with what to do. */
export function toastError(error: unknown): void {
  const cure = cureOf(error);
  const message = error instanceof Error ? error.message : String(error);
  toast(cure === null ? message : `${message} ${cure}`, 'bad');
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone, action }) => (
        <div key={id} className="notice" data-tone={tone}>
          <span className="grow">{text}</span>
          {action === null ? null : <Button onPress={action.run}>{action.label}</Button>}
          <Button tone="quiet" aria-label="Close" onPress={() => setToasts(toasts.filter((one) => one.id !== id))}>
            ✕
          </Button>
        </div>
      ))}
    </div>
  );
}

function setToasts(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
