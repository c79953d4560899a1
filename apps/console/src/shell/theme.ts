import { useSyncExternalStore } from 'react';

export type ThemeChoice = 'system' | 'light' | 'dark';

const key = 'millrace.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

export function themeChoice(): ThemeChoice {
  const kept = localStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === 'system') localStorage.removeItem(key);
  else localStorage.setItem(key, choice);
  applyTheme();
}

/** Sets `data-theme`; called before the first drawing, so that nothing flashes. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme();
  for (const listener of listeners) listener();
}

dark.addEventListener('change', applyTheme);

function theme(): 'light' | 'dark' {
  const choice = themeChoice();
  return choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice;
}

/** The theme that is in force. */
export function useTheme(): 'light' | 'dark' {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, theme);
}
