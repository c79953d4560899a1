const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });

/** A moment in the reader's zone, with UTC to point at. `at` is milliseconds since 1970 or ISO 8601. */
export function Time({ at, millis = false }: { at: number | string | null | undefined; millis?: boolean }) {
  if (at === null || at === undefined) return <>–</>;
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return <>{String(at)}</>;
  const fraction = millis ? `.${String(moment.getMilliseconds()).padStart(3, '0')}` : '';
  return (
    <time dateTime={moment.toISOString()} title={`${moment.toISOString()} (UTC)`}>
      {local.format(moment) + fraction}
    </time>
  );
}
