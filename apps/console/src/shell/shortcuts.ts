import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { live } from '../api/live.js';
import { pages } from '../pages.js';

const offKey = 'millrace.single-keys-off';
const sequenceMs = 1_200;

/** Shortcuts of one key can be switched off (WCAG 2.1.4). */
export function areSingleKeysOn(): boolean {
  return localStorage.getItem(offKey) === null;
}

export function setSingleKeys(isOn: boolean): void {
  if (isOn) localStorage.removeItem(offKey);
  else localStorage.setItem(offKey, 'yes');
}

/**
 * `?` help, Ctrl/Cmd-K palette, `g` and a letter goes to a page, `/` and `f` put the focus into the element with `data-shortcut="search"` or
 * `"filter"`, `space` holds live numbers, `c` copies the link, `[` and `]` press `data-shortcut="previous"` and `"next"`, `.` the actions of the
 * row that has the focus. `j`, `k` and Enter are the lists' own.
 */
export function useShortcuts({ openPalette, openHelp }: { openPalette: () => void; openHelp: () => void }): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let goAt = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !areSingleKeysOn()) return;
      if (document.querySelector('[role="dialog"], [role="alertdialog"]') !== null && !'[]'.includes(event.key)) return;
      if (event.timeStamp - goAt < sequenceMs) {
        goAt = Number.NEGATIVE_INFINITY;
        const page = pages.find(({ navigation }) => navigation?.key === event.key);
        if (page === undefined) return;
        event.preventDefault();
        navigate(page.path);
        return;
      }
      if (event.key === 'g') goAt = event.timeStamp;
      else if (act(event, openHelp)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate, openPalette, openHelp]);
}

/** Whether the key meant something here. */
function act(event: KeyboardEvent, openHelp: () => void): boolean {
  switch (event.key) {
    case '?':
      openHelp();
      return true;
    case '/':
      return focusOn('search') || focusOn('filter');
    case 'f':
      return focusOn('filter') || focusOn('search');
    case '[':
      return press('previous');
    case ']':
      return press('next');
    case 'c':
      void navigator.clipboard.writeText(window.location.href);
      return true;
    case ' ':
      if (isControl(event.target)) return false;
      live.pause(!live.paused);
      return true;
    case '.': {
      const row = document.activeElement?.closest('[role="row"]');
      const actions = row?.querySelector<HTMLElement>('button[aria-haspopup]');
      actions?.click();
      return actions !== null && actions !== undefined;
    }
    default:
      return false;
  }
}

function focusOn(name: string): boolean {
  const place = document.querySelector<HTMLElement>(`[data-shortcut="${name}"]`);
  const element = place?.matches('input, textarea, select, [contenteditable]')
    ? place
    : place?.querySelector<HTMLElement>('input, textarea, select, [contenteditable="true"]');
  element?.focus();
  return element !== null && element !== undefined;
}

function press(name: string): boolean {
  const element = document.querySelector<HTMLElement>(`[data-shortcut="${name}"]`);
  element?.click();
  return element !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, [role="menuitem"], [role="row"]') !== null;
}
