import type { FlowStage } from '../../../../admin/src/v1/events/live-rows.js';

/** Path data of 24 × 24 icons, drawn by their stroke. */
const icons: Readonly<Record<FlowStage, string>> = {
  // A file that is read.
  source: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  // A funnel.
  interceptor: 'M4 5h16l-6 8v6l-4-2v-4z',
  // A trough between two walls.
  channel: 'M4 5v14M20 5v14M4 9h16M4 15h16',
  // A log of records.
  topic: 'M4 5h16v4H4zM4 10h16v4H4zM4 15h16v4H4z',
  // Into a tray.
  sink: 'M12 3v11M7.5 9.500l4.5 4.5 4.5-4.500M4 15v5h16v-5',
  // A drum.
  store: 'M5 6c0-4 14-4 14 0v12c0 4-14 4-14 0zM5 6c0 4 14 4 14 0M5 12c0 4 14 4 14 0',
  // A person.
  client: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-8 16-8 16 0',
};

export function StageIcon({ stage }: { stage: FlowStage }) {
  return (
    <svg className="topology-icon" width="16" height="16" viewBox="0 0 24 24" aria-hidden="true">
      <path d={icons[stage]} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinejoin="round" />
    </svg>
  );
}
