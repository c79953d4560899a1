import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange } from '../../api/queries.js';
import { Badge, Button, type Tone } from '../../ui/basics.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { ErrorNotice } from '../../ui/notices.js';
import { operations, principalOf, ResourceFields, type Operation, type ResourceType } from './acl-fields.js';
import { ruleInWords } from './acl-words.js';
import type { AclVerdict } from './access-types.js';

const tones: Readonly<Record<AclVerdict['decision'], Tone>> = { allowed: 'good', denied: 'bad', no_rule: 'warn' };
const words: Readonly<Record<AclVerdict['decision'], string>> = { allowed: 'yes', denied: 'no', no_rule: 'no rule' };

/** "Can this user do that?", answered by the rules as the brokers use them. */
export function AclTester() {
  const [user, setUser] = useState('');
  const [operation, setOperation] = useState<Operation>('READ');
  const [type, setType] = useState<ResourceType>('TOPIC');
  const [name, setName] = useState('');
  const [host, setHost] = useState('127.0.0.1');
  const test = useChange(() =>
    request<AclVerdict>('POST', '/api/v1/acls:test', {
      body: { principal: principalOf(user), operation, resource_type: type, resource_name: name, host },
    }),
  );
  return (
    <section className="card stack" aria-labelledby="access-tester">
      <h2 id="access-tester">Can a user do it?</h2>
      <form
        className="access-form"
        onSubmit={(event) => {
          event.preventDefault();
          test.mutate(undefined);
        }}
      >
        <TextField label="User" placeholder="alice" value={user} onChange={setUser} isRequired />
        <SelectField label="Operation" value={operation} onChange={setOperation} options={operations} />
        <ResourceFields
          type={type}
          name={name}
          onChange={(change) => {
            if (change.type !== undefined) setType(change.type);
            if (change.name !== undefined) setName(change.name);
          }}
        />
        <TextField label="From the address" value={host} onChange={setHost} isRequired />
        <div>
          <Button type="submit" isDisabled={test.isPending}>
            Test
          </Button>
        </div>
      </form>
      {test.error === null ? null : <ErrorNotice error={test.error} />}
      <div role="status" className="stack">
        {test.data === undefined ? null : (
          <>
            <p>
              <Badge tone={tones[test.data.decision]}>{words[test.data.decision]}</Badge> {test.data.reason}
            </p>
            <ul>
              {test.data.rules.map((rule) => (
                <li key={ruleInWords(rule)}>{ruleInWords(rule)}</li>
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}
