import { type ReactNode } from 'react';
import type { FlowRows } from '../pages/topology/flow-rows.js';
import { Button } from '../ui/basics.js';
import { KcatStep } from './kcat-step.js';
import { LetterStep } from './letter-step.js';
import { SinkStep } from './sink-step.js';
import { setTourProgress, useTourProgress } from './tour-memory.js';
import { demo, tourBegun } from './tour-steps.js';
import './tour.css';

/** Whether the demo runs here: without it there is nothing to show around. */
export function hasDemo(rows: FlowRows): boolean {
  const found = new Set<string>();
  for (const row of rows.values()) {
    if (row.kind !== 'node') continue;
    if (row.stage === 'sink' && row.connector !== null) found.add(row.connector);
    if (row.stage === 'topic') found.add(row.name);
  }
  return found.has(demo.sink) && found.has(demo.topic);
}

/** Three things to try, each of which ticks itself. */
export function Tour() {
  const { isHidden, sink, letter, kcat } = useTourProgress();
  if (isHidden) return null;
  const done = [sink.phase, letter, kcat].filter((state) => state === 'done').length;
  return (
    <section className="tour" aria-labelledby="tour-title">
      <div className="row">
        <h2 id="tour-title" className="grow">
          {done === 3 ? 'That was the tour' : 'Three things to try'}
        </h2>
        <span className="quiet" role="status">
          {done} of 3 done
        </span>
        {done === 0 ? null : (
          <Button tone="quiet" onPress={() => setTourProgress({ ...tourBegun, isHidden: false })}>
            Start over
          </Button>
        )}
        <Button tone="quiet" onPress={() => setTourProgress({ isHidden: true })}>
          Hide
        </Button>
      </div>
      <ol className="tour-steps">
        <Step number={1} title="Stop a sink" isDone={sink.phase === 'done'}>
          <SinkStep />
        </Step>
        <Step number={2} title="Mend a dead letter" isDone={letter === 'done'}>
          <LetterStep />
        </Step>
        <Step number={3} title="Read with another client" isDone={kcat === 'done'}>
          <KcatStep />
        </Step>
      </ol>
    </section>
  );
}

/** Brings a hidden tour back. */
export function TourButton() {
  const { isHidden } = useTourProgress();
  return isHidden ? <Button onPress={() => setTourProgress({ isHidden: false })}>Show the tour</Button> : null;
}

function Step(props: { number: number; title: string; isDone: boolean; children: ReactNode }) {
  return (
    <li className="tour-step" data-done={props.isDone}>
      <span className="tour-tick" aria-hidden="true">
        {props.isDone ? '✓' : props.number}
      </span>
      <div className="tour-body">
        <h3>
          {props.title}
          {props.isDone ? <span className="unseen"> (done)</span> : null}
        </h3>
        {props.children}
      </div>
    </li>
  );
}
