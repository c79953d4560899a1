/** Small things that every page has. */
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { Button as AriaButton, type ButtonProps } from 'react-aria-components/Button';
import { Link, useLocation } from 'wouter';
import { formatCount, formatRate, formatSeconds } from './format.js';

export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'idle';

/** `tone` primary is for the one main action of a view, danger for what cannot be undone. */
export function Button({ tone, ...props }: ButtonProps & { tone?: 'primary' | 'danger' | 'quiet' }) {
  return <AriaButton className="button" data-tone={tone} {...props} />;
}

export function LinkButton({ to, tone, children }: { to: string; tone?: 'primary' | 'quiet'; children: ReactNode }) {
  return (
    <Link className="button" data-tone={tone} to={to}>
      {children}
    </Link>
  );
}

/** Heading, actions and body of a view; the title of the window too. */
export function Page(props: {
  title: string;
  /** Of what it is a part, as links before the title. */
  trail?: readonly { label: string; to: string }[];
  badge?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const { title } = props;
  useEffect(() => {
    document.title = `${title} · Millrace`;
  }, [title]);
  return (
    <div className="stack page">
      <div className="row">
        <div className="grow stack" style={{ gap: 2 }}>
          {props.trail === undefined ? null : (
            <nav aria-label="Trail" className="row quiet" style={{ gap: 6 }}>
              {props.trail.map(({ label, to }) => (
                <span key={to}>
                  <Link to={to}>{label}</Link> /
                </span>
              ))}
            </nav>
          )}
          <div className="row">
            <h1 style={{ overflowWrap: 'anywhere' }}>{title}</h1>
            {props.badge}
          </div>
        </div>
        {props.actions === undefined ? null : <div className="row">{props.actions}</div>}
      </div>
      {props.children}
    </div>
  );
}

/** Parts of a page, each with an address of its own. */
export function TabLinks({ tabs, label }: { tabs: readonly { label: ReactNode; to: string }[]; label: string }) {
  const [location] = useLocation();
  return (
    <nav className="tab-list" aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.to} className="tab" to={tab.to} aria-current={location === tab.to ? 'page' : undefined}>
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}

const shapes: Readonly<Record<Tone, string>> = { good: '●', warn: '▲', bad: '■', accent: '◆', idle: '○' };

/** A word with a shape and a colour, so that none of them stands alone. */
export function Badge({ tone = 'idle', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className="badge" data-tone={tone} title={title}>
      <span aria-hidden="true">{shapes[tone]}</span>
      {children}
    </span>
  );
}

const stateTones: Readonly<Record<string, Tone>> = {
  running: 'good',
  stable: 'good',
  completed: 'good',
  succeeded: 'good',
  healthy: 'good',
  active: 'accent',
  paused: 'warn',
  unassigned: 'warn',
  restarting: 'warn',
  waiting: 'warn',
  queued: 'warn',
  cancelling: 'warn',
  preparing_rebalance: 'warn',
  completing_rebalance: 'warn',
  failed: 'bad',
  dead: 'bad',
};

/** A state as the server names it: `RUNNING` is shown as "running". */
export function StateBadge({ state, title }: { state: string; title?: string }) {
  const word = state.toLowerCase();
  return (
    <Badge tone={stateTones[word.replaceAll(' ', '_')] ?? 'idle'} {...(title === undefined ? {} : { title })}>
      {word.replaceAll('_', ' ')}
    </Badge>
  );
}

/** Lag in both of its units. */
export function Lag({ records, seconds }: { records: number | null | undefined; seconds?: number | null | undefined }) {
  if (records === null || records === undefined) return <span className="quiet">–</span>;
  const late = seconds === null || seconds === undefined || records === 0 ? '' : ` · ${formatSeconds(seconds)}`;
  return (
    <span className="number">
      {formatCount(records)}
      <span className="quiet">{late}</span>
    </span>
  );
}

/** Large numbers with their names. */
export function Figures({ figures }: { figures: readonly { name: string; value: ReactNode }[] }) {
  return (
    <dl className="figures">
      {figures.map(({ name, value }) => (
        <div className="figure card" key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Names and values of one thing. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** `total` null: only a count, never a made-up part. */
export function Progress(props: { label: string; done: number; total: number | null; rate?: number | null }) {
  const { label, done, total, rate } = props;
  const ratio = total === null || total === 0 ? null : Math.min(1, done / total);
  return (
    <div className="stack" style={{ gap: 4 }}>
      <div
        className="meter"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(ratio === null ? {} : { 'aria-valuenow': Math.round(ratio * 100) })}
      >
        <span style={{ width: `${(ratio ?? 0) * 100}%` }} />
      </div>
      <span className="quiet number" style={{ textAlign: 'left' }}>
        {formatCount(done)}
        {total === null ? '' : ` of ${formatCount(total)}`}
        {rate === null || rate === undefined ? '' : ` · ${formatRate(rate)}`}
      </span>
    </div>
  );
}

export function CopyButton({ text, label = 'Copy', onCopy }: { text: string; label?: string; onCopy?: () => void }) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <Button
      tone="quiet"
      onPress={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setIsCopied(true);
          onCopy?.();
        });
      }}
    >
      {isCopied ? 'Copied' : label}
    </Button>
  );
}

/** A command to run in a terminal. */
export function Command({ text, onCopy }: { text: string; onCopy?: () => void }) {
  return (
    <span className="command">
      <code>{text}</code>
      <CopyButton text={text} {...(onCopy === undefined ? {} : { onCopy })} />
    </span>
  );
}
