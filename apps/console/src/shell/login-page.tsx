import { useState } from 'react';
import { request } from '../api/request.js';
import { Button } from '../ui/basics.js';
import { TextField } from '../ui/fields.js';
import { ErrorNotice } from '../ui/notices.js';

/** A user and a password, or an API key; the server answers with a cookie that scripts cannot read. */
export function LoginPage({ onLogin }: { onLogin: () => void }) {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const login = async (): Promise<void> => {
    try {
      await request('POST', '/api/v1/session', { body: user === '' ? { key: password } : { user, password } });
      onLogin();
    } catch (caught) {
      setError(caught);
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
        <h1>Log in to Millrace</h1>
        <TextField label="User" hint="Empty: the password is an API key." value={user} onChange={setUser} />
        <TextField label="Password or API key" type="password" value={password} onChange={setPassword} isRequired />
        {error === null ? null : <ErrorNotice error={error} />}
        <Button type="submit" tone="primary">
          Log in
        </Button>
      </form>
    </main>
  );
}
