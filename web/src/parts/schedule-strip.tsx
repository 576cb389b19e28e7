/** The schedule of the local day as a strip for each line: orders, stops, and the stops that requests propose. */

import type { Answer } from '../api/client.ts';
import type { Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { clock, shortTitle, t, word } from '../text/text.ts';
import { Empty, Shown } from './shown.tsx';

type Entry = Answer<'getSchedule'>['entries'][number];
type Asked = Answer<'getRequests'>['entries'][number];
type Span = { readonly from: number; readonly to: number };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The local day that holds a time: from its midnight, found by the clock of the zone. */
export function dayOf(time: string, zone: string): Span {
  const at = Date.parse(time);
  const parts = new Intl.DateTimeFormat('en', {
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' },
    timeZone: zone,
  }).formatToParts(new Date(at));
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  const into = (part('hour') * 60 + part('minute')) * 60 + part('second');
  const from = Math.floor(at / 1_000) * 1_000 - into * 1_000;
  return { from, to: from + DAY };
}

export function ScheduleStrip({ plant, now }: { readonly plant: Plant; readonly now: string }) {
  const day = dayOf(now, plant.time_zone);
  const about = { plant: plant.id };
  const schedule = useResource('getSchedule', {
    query: { ...about, from: new Date(day.from).toISOString(), to: new Date(day.to).toISOString() },
    tables: ['schedule'],
    about,
  });
  const requests = useResource('getRequests', {
    query: { ...about, open: 'true', limit: 200 },
    tables: ['requests'],
    about,
  });
  return (
    <section aria-labelledby="schedule">
      <h2 id="schedule">{t('schedule')}</h2>
      <Shown resource={schedule.value}>
        {({ entries }) =>
          entries.length === 0 ? (
            <Empty title={t('scheduleEmpty')} />
          ) : (
            <div class="strips">
              <Hours day={day} zone={plant.time_zone} />
              {plant.lines.map(({ id, name }) => (
                <Strip
                  key={id}
                  name={name}
                  entries={entries.filter(({ line }) => line === id)}
                  requests={(requests.value.data?.entries ?? []).filter(({ line }) => line === id)}
                  {...{ day, zone: plant.time_zone, now: Date.parse(now) }}
                />
              ))}
            </div>
          )
        }
      </Shown>
    </section>
  );
}

function Hours({ day, zone }: { readonly day: Span; readonly zone: string }) {
  return (
    <div class="strip-hours" aria-hidden="true">
      {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
        <span key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
          {clock(day.from + hour * HOUR, zone, day.from)}
        </span>
      ))}
    </div>
  );
}

type StripOptions = {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly requests: readonly Asked[];
  readonly day: Span;
  readonly zone: string;
  readonly now: number;
};

function Strip({ name, entries, requests, day, zone, now }: StripOptions) {
  const share = (time: number) =>
    Math.min(1, Math.max(0, (time - day.from) / (day.to - day.from))) * 100;
  const place = (start: string, end: string) => {
    const left = share(Date.parse(start));
    return { left: `${left}%`, width: `${Math.max(0.3, share(Date.parse(end)) - left)}%` };
  };
  // Operations lie within their order: the order shows them.
  const shown = entries.filter(({ kind }) => kind !== 'operation');
  return (
    <div class="strip">
      <h3>{name}</h3>
      <ul class="strip-lane">
        {shown.map(({ id, kind, start, end, order, product }) => {
          const text = kind === 'order' ? `${product || order || id}` : word(kind);
          const times = `${clock(start, zone, now)} – ${clock(end, zone, start)}`;
          return (
            <li
              key={id}
              class={`strip-entry strip-${kind}`}
              style={place(start, end)}
              title={[text, order, times].filter((part) => part !== '').join(', ')}
            >
              <span class="strip-name">{text}</span>
              <span class="unseen"> {times}</span>
            </li>
          );
        })}
        {requests.flatMap(({ id, title, slot_start: from, slot_end: to }) =>
          from === null ||
          to === null ||
          share(Date.parse(to)) <= 0 ||
          share(Date.parse(from)) >= 100
            ? []
            : [
                <li key={id} class="strip-slot" style={place(from, to)}>
                  <a href={linkTo(['requests', id])} title={`${t('slot')}: ${shortTitle(title)}`}>
                    <span class="unseen">
                      {t('slot')}: {shortTitle(title)}
                    </span>
                  </a>
                </li>,
              ],
        )}
        <li class="strip-now" style={{ left: `${share(now)}%` }}>
          <span class="unseen">{t('now')}</span>
        </li>
      </ul>
    </div>
  );
}
