import { useState } from 'react';
import { useLocation } from 'wouter';
import { useChange, useGet } from '../../api/queries.js';
import { ApiError, request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button, LinkButton, Page } from '../../ui/basics.js';
import { Confirm } from '../../ui/dialogs.js';
import { SelectField } from '../../ui/fields.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { SchemaForm } from '../../ui/schema-form.js';
import { cleanValue, type FormValue } from '../../ui/schema-fields.js';
import { useParam } from '../../ui/use-param.js';
import { jobsPath, type Job, type JobType } from './job-api.js';

export default function NewJobPage() {
  const { data, error } = useGet<readonly JobType[]>('/api/v1/job-types');
  const [type, setType] = useParam('type');
  const found = data?.find(({ name }) => name === type) ?? data?.[0];
  return (
    <Page title="New job" trail={[{ label: 'Jobs', to: '/jobs' }]}>
      {error === null ? null : <ErrorNotice error={error} />}
      {data === undefined || found === undefined ? (
        error === null ? (
          <Loading what="what jobs there are" />
        ) : null
      ) : (
        <div className="stack" style={{ maxWidth: 720 }}>
          <SelectField
            label="What is to be done"
            hint={found.summary}
            value={found.name}
            options={data.map(({ name }) => name)}
            onChange={setType}
          />
          <JobForm key={found.name} type={found} />
        </div>
      )}
    </Page>
  );
}

function JobForm({ type }: { type: JobType }) {
  const [value, setValue] = useState<FormValue>({});
  const [error, setError] = useState<unknown>(null);
  const [isAsked, setIsAsked] = useState(false);
  const [, navigate] = useLocation();
  const may = useMay('jobs', 'operate');
  const begin = useChange(
    (parameters: FormValue) => request<Job>('POST', jobsPath, { body: { type: type.name, parameters } }),
    jobsPath,
  );
  const parameters = cleanValue(value);
  return (
    <div className="card stack">
      <SchemaForm
        schema={type.parameters}
        value={value}
        onChange={setValue}
        at="/parameters"
        problems={problemsOf(error)}
      />
      {error === null ? null : <ErrorNotice error={error} />}
      <div className="row">
        <Button tone="primary" isDisabled={!may} onPress={() => setIsAsked(true)}>
          Begin …
        </Button>
        <LinkButton to="/jobs">Cancel</LinkButton>
        {may ? null : <span className="quiet">Your role may not begin jobs.</span>}
      </div>
      <Confirm
        title={`Begin ${type.name}?`}
        isOpen={isAsked}
        verb="Begin"
        tone="primary"
        onClose={() => setIsAsked(false)}
        run={async () => {
          setError(null);
          try {
            const { id } = await begin.mutateAsync(parameters);
            toast(`The ${type.name} begins.`);
            navigate(`/jobs/${id}`);
          } catch (caught) {
            setError(caught);
          }
        }}
      >
        <div className="stack">
          <p>{type.summary} It runs on the server, can be cancelled, and goes on from its last place after a kill.</p>
          <pre tabIndex={0} aria-label="Parameters">
            {JSON.stringify(parameters, null, 2)}
          </pre>
        </div>
      </Confirm>
    </div>
  );
}

/** The server names places in the parameters, or in the whole body. */
function problemsOf(error: unknown): ReadonlyMap<string, string> {
  const fields = error instanceof ApiError ? error.fields : [];
  return new Map(
    fields.map(({ pointer, message }) => [
      pointer.startsWith('/parameters') ? pointer : `/parameters${pointer}`,
      message,
    ]),
  );
}
