import { useEffect, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { live } from '../api/live.js';
import { useLiveState } from '../api/live-hooks.js';
import { useGet } from '../api/queries.js';
import type { ConsolePage } from '../page.js';
import { pages } from '../pages.js';
import { Button, Badge } from '../ui/basics.js';
import { Toasts } from '../ui/notices.js';
import { AccountMenu } from './account-menu.js';
import { Palette } from './palette.js';
import { ShortcutHelp } from './shortcut-help.js';
import { useShortcuts } from './shortcuts.js';
import './shell.css';

const groups = ['Flow', 'Work', 'Cluster'] as const;

/** What stands around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const [isPaletteOpen, setIsPaletteOpen] = useState(false);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  useShortcuts({ openPalette: () => setIsPaletteOpen(true), openHelp: () => setIsHelpOpen(true) });
  return (
    <div className="shell">
      <a className="button skip" href="#main">
        Skip to the page
      </a>
      <Side />
      <div>
        <header className="top">
          <Live />
          <Button onPress={() => setIsPaletteOpen(true)}>
            Go to … <span className="kbd">Ctrl K</span>
          </Button>
          <AccountMenu onHelp={() => setIsHelpOpen(true)} />
        </header>
        <Banner />
        <main id="main" className="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      <Palette isOpen={isPaletteOpen} onClose={() => setIsPaletteOpen(false)} />
      <ShortcutHelp isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
      <Toasts />
    </div>
  );
}

function Side() {
  const [location] = useLocation();
  return (
    <nav className="side" aria-label="Main">
      <Link className="brand" to="/">
        <img src="/console/mark.svg" alt="" width="24" height="24" />
        Millrace
      </Link>
      {groups.map((group) => (
        <div key={group}>
          <h2 id={`nav-${group}`}>{group}</h2>
          <ul aria-labelledby={`nav-${group}`}>
            {pages
              .filter(({ navigation }) => navigation?.group === group)
              .map((page) => (
                <li key={page.path}>
                  <NavigationLink page={page} isCurrent={isWithin(location, page.path)} />
                </li>
              ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function NavigationLink({ page, isCurrent }: { page: ConsolePage; isCurrent: boolean }) {
  return (
    <Link to={page.path} aria-current={isCurrent ? 'page' : undefined}>
      <svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true">
        <path
          d={page.navigation?.icon}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.8"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      {page.navigation?.label}
    </Link>
  );
}

function isWithin(location: string, path: string): boolean {
  return path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`);
}

/** Whether numbers are moving, and the button that holds them still. */
function Live() {
  const { state, paused } = useLiveState();
  if (state === 'idle') return null;
  const word = paused ? 'held' : state === 'live' ? 'live' : state === 'away' ? 'no connection' : 'connecting';
  return (
    <div className="row" style={{ gap: 6 }}>
      <Badge tone={paused ? 'warn' : state === 'live' ? 'good' : 'bad'}>{word}</Badge>
      <Button tone="quiet" onPress={() => live.pause(!paused)}>
        {paused ? 'Go on' : 'Hold'} <span className="kbd">space</span>
      </Button>
    </div>
  );
}

function Banner() {
  const { state } = useLiveState();
  const readOnly = useGet<{ read_only: boolean; reason?: string | null }>('/api/v1/read-only').data;
  const [isAway, setIsAway] = useState(false);
  useEffect(() => {
    if (state !== 'away') {
      setIsAway(false);
      return;
    }
    const timer = setTimeout(() => setIsAway(true), 1_000);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <div role="status">
      {isAway ? (
        <p className="banner">
          The server does not answer. What you see is the last that was known; it goes on by itself.
        </p>
      ) : null}
      {readOnly?.read_only === true ? (
        <p className="banner">Read-only: nothing can be changed now{readOnly.reason ? ` (${readOnly.reason})` : ''}.</p>
      ) : null}
    </div>
  );
}
