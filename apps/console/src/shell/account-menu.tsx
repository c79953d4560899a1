import { queryClient, useGet } from '../api/queries.js';
import { loginNeeded, request } from '../api/request.js';
import { ActionMenu, type Action } from '../ui/dialogs.js';
import { toastError } from '../ui/notices.js';
import { useMe, type Me } from './session.js';
import { chooseTheme, themeChoice, type ThemeChoice } from './theme.js';

const nextTheme: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: 'light', light: 'dark', dark: 'system' };

/** Who is logged in, and what is kept in this browser only. */
export function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const me = useMe();
  const isLoggedIn = me?.login_needed === true;
  const session = useGet<{ expires_at: string | null }>(isLoggedIn ? '/api/v1/session' : null).data;
  const choice = nextTheme[themeChoice()];
  const ending: Action[] =
    session === undefined || session.expires_at === null
      ? []
      : [
          { label: 'Log out', run: () => void logOut(false) },
          { label: 'Log out in every browser', run: () => void logOut(true) },
        ];
  return (
    <ActionMenu
      label={isLoggedIn ? `Account ${me.name} and settings` : 'Settings'}
      text={`${isLoggedIn ? nameOf(me) : 'Settings'} ▾`}
      actions={[
        { label: `Colours: ${choice === 'system' ? 'as the system' : choice}`, run: () => chooseTheme(choice) },
        { label: 'Keyboard shortcuts', run: onHelp },
        { label: 'REST documentation', run: () => window.open('/docs', '_blank', 'noopener') },
        ...ending,
      ]}
    />
  );
}

function nameOf({ name }: Me): string {
  return name.replace(/^User:/, '').replace(/^ApiKey:/, 'key ');
}

async function logOut(isEverywhere: boolean): Promise<void> {
  try {
    await request('DELETE', '/api/v1/session', { query: { everywhere: isEverywhere } });
    window.dispatchEvent(new Event(loginNeeded));
    // What one has seen is nothing for the next one at this browser.
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== '/api/v1/me' });
  } catch (error) {
    toastError(error);
  }
}
