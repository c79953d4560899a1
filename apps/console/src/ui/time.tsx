const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });
const exact = new Intl.DateTimeFormat(undefined, {
  year: '2-digit',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** A moment in the reader's zone, with UTC to point at. `at` is milliseconds since 1970 or ISO 8601. */
export function Time({ at, millis = false }: { at: number | string | null | undefined; millis?: boolean }) {
  if (at === null || at === undefined) return <>–</>;
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return <>{String(at)}</>;
  return (
    <time dateTime={moment.toISOString()} title={`${moment.toISOString()} (UTC)`}>
      {(millis ? exact : local).format(moment)}
    </time>
  );
}
