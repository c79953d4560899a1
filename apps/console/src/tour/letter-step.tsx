import { useEffect } from 'react';
import { useLive } from '../api/live-hooks.js';
import { useGet } from '../api/queries.js';
import { LinkButton } from '../ui/basics.js';
import { setTourProgress, useTourProgress } from './tour-memory.js';
import { demo } from './tour-steps.js';

export function LetterStep() {
  const { letter } = useTourProgress();
  if (letter === 'done') return <p>It was sent again, once, and is in the table now.</p>;
  return <Open />;
}

function Open() {
  const jobs = useLive('jobs');
  const redrives = [...jobs]
    .filter(([, { type }]) => type === 'redrive')
    .map(([id, { state }]) => `${id} ${state}`)
    .join();
  const { data, refetch } = useGet<{ counts: { open: number; redriven: number } }>(`/api/v1/sinks/${demo.sink}/dlq`);
  useEffect(() => {
    if (redrives !== '') void refetch();
  }, [redrives, refetch]);
  const redriven = data?.counts.redriven ?? 0;
  useEffect(() => {
    if (redriven > 0) setTourProgress({ letter: 'done' });
  }, [redriven]);
  return (
    <>
      <p>One line in 500 comes cut off. Mend one and send it again.</p>
      <LinkButton to={`/dead-letters/${demo.sink}`}>Open the dead letters</LinkButton>
    </>
  );
}
