import { useEffect, useState } from 'react';
import { request } from '../api/request.js';
import { Button } from '../ui/basics.js';
import { SelectField, TextField } from '../ui/fields.js';
import { ErrorNotice } from '../ui/notices.js';

type Kind = 'user' | 'key';

/** A user and a password, or an API key; the server answers with a cookie that scripts cannot read. */
export function LoginPage({ onLogin, wasIn }: { onLogin: () => void; wasIn: boolean }) {
  const [kind, setKind] = useState<Kind>('user');
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isRunning, setIsRunning] = useState(false);
  useEffect(() => {
    document.title = 'Log in · Millrace';
  }, []);
  const login = async (): Promise<void> => {
    setIsRunning(true);
    try {
      const body = kind === 'user' ? { user: user.trim(), password } : { key: password.trim() };
      await request('POST', '/api/v1/session', { body });
      onLogin();
    } catch (caught) {
      setError(caught);
      setPassword('');
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <main style={{ display: 'grid', placeItems: 'center', minHeight: '100%', padding: 16 }}>
      <form
        className="card stack"
        style={{ width: 'min(380px, 100%)' }}
        onSubmit={(event) => {
          event.preventDefault();
          void login();
        }}
      >
        <div className="row">
          <img src="/console/mark.svg" alt="" width="28" height="28" />
          <h1>Log in to Millrace</h1>
        </div>
        {wasIn && error === null ? (
          <p role="status">Your login has ended. The same page comes back after a new one.</p>
        ) : null}
        <SelectField
          label="With"
          value={kind}
          onChange={setKind}
          options={[
            { value: 'user', label: 'User and password' },
            { value: 'key', label: 'API key' },
          ]}
        />
        {kind === 'user' ? (
          <TextField label="User" value={user} onChange={setUser} autoComplete="username" isRequired hasFocus />
        ) : null}
        <TextField
          label={kind === 'user' ? 'Password' : 'API key'}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          isRequired
        />
        {error === null ? null : <ErrorNotice error={error} />}
        <Button type="submit" tone="primary" isDisabled={isRunning}>
          Log in
        </Button>
        {kind === 'key' ? <p className="quiet">For the first login: what MILLRACE_ADMIN_KEY was set to.</p> : null}
      </form>
    </main>
  );
}
