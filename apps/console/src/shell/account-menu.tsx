import { queryClient } from '../api/queries.js';
import { request } from '../api/request.js';
import { ActionMenu } from '../ui/dialogs.js';
import { toastError } from '../ui/notices.js';
import { useMe } from './session.js';
import { chooseTheme, themeChoice, type ThemeChoice } from './theme.js';

const nextTheme: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: 'light', light: 'dark', dark: 'system' };

export function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const me = useMe();
  const logOut = async (): Promise<void> => {
    await request('DELETE', '/api/v1/session').catch(toastError);
    await queryClient.resetQueries();
  };
  const choice = nextTheme[themeChoice()];
  return (
    <ActionMenu
      label="Account and settings"
      text={`${me?.login_needed === true ? me.name.replace(/^User:/, '') : 'Settings'} ▾`}
      actions={[
        { label: `Colours: ${choice === 'system' ? 'as the system' : choice}`, run: () => chooseTheme(choice) },
        { label: 'Keyboard shortcuts', run: onHelp },
        { label: 'REST documentation', run: () => window.open('/docs', '_blank', 'noopener') },
        ...(me?.login_needed === true ? [{ label: 'Log out', run: () => void logOut() }] : []),
      ]}
    />
  );
}
