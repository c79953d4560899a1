import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange, useGet } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button, Facts } from '../../ui/basics.js';
import { Confirm } from '../../ui/dialogs.js';
import { TextField } from '../../ui/fields.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { AccessFrame } from './access-frame.js';
import type { ReadOnly } from './access-types.js';

const path = '/api/v1/read-only';

export default function ReadOnlyView() {
  const { data, error, refetch } = useGet<ReadOnly>(path);
  return (
    <AccessFrame title="Read-only mode">
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading what="the mode" /> : null : <Mode mode={data} />}
    </AccessFrame>
  );
}

function Mode({ mode }: { mode: ReadOnly }) {
  const [isOpen, setIsOpen] = useState(false);
  const [reason, setReason] = useState('');
  const mayChange = useMay('security', 'administer');
  const isOn = mode.read_only;
  const change = useChange(
    () => request('PUT', path, { body: { read_only: !isOn, reason: isOn ? '' : reason.trim() } }),
    path,
  );
  return (
    <section className="card stack">
      <Facts
        facts={[
          [
            'Changes',
            isOn ? (
              <Badge key="on" tone="warn">
                refused
              </Badge>
            ) : (
              <Badge key="off" tone="good">
                possible
              </Badge>
            ),
          ],
          ...(isOn ? [['Why', mode.reason === '' ? '–' : mode.reason] as const] : []),
          ...(mode.changed_at === null
            ? []
            : [['Changed by', mode.changed_by] as const, ['Changed', <Time key="at" at={mode.changed_at} />] as const]),
        ]}
      />
      <p>
        While it is on, every change over REST, by the console and by the CLI is refused, whoever asks. Records flow on:
        collectors, topics and sinks are not touched.
      </p>
      {mayChange ? (
        <div className="row">
          <Button tone={isOn ? 'primary' : 'danger'} onPress={() => setIsOpen(true)}>
            {isOn ? 'Allow changes again …' : 'Refuse changes …'}
          </Button>
        </div>
      ) : null}
      <Confirm
        title={isOn ? 'Allow changes again' : 'Refuse changes'}
        verb={isOn ? 'Allow' : 'Refuse'}
        tone={isOn ? 'primary' : 'danger'}
        isOpen={isOpen}
        onClose={() => setIsOpen(false)}
        isDisabled={!isOn && reason.trim() === ''}
        run={async () => {
          await change.mutateAsync(undefined);
          setReason('');
          toast(isOn ? 'Changes are possible again.' : 'Changes are refused from now on.', isOn ? 'good' : 'warn');
        }}
      >
        {isOn ? (
          'Everybody may change again what their roles allow.'
        ) : (
          <TextField
            label="Reason"
            hint="Shown to everybody on every page."
            value={reason}
            onChange={setReason}
            isRequired
          />
        )}
      </Confirm>
    </section>
  );
}
