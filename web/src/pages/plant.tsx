/** The andon board: what each machine does, what is wrong, and where to look first. */

import { ChosenPlant, type ChosenPlantProps, OtherPlants } from '../parts/chosen-plant.tsx';
import {
  AlarmMark,
  type AlarmPriority,
  alarmStateText,
  doingText,
  RequestPriority,
} from '../parts/marks.tsx';
import { ScheduleStrip } from '../parts/schedule-strip.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { lineName, type Machine, newestOf, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { clock, moment, money, shortReason, shortTitle, t, word } from '../text/text.ts';

/** Tables whose rows change the board. */
const BOARD = ['machine_states', 'anomalies', 'alarms', 'requests', 'machine_events', 'assets'];

export function PlantPage({ plant }: { readonly plant: string }) {
  return (
    <ChosenPlant id={plant} now>
      {(chosen) => <Board key={chosen.plant.id} {...chosen} />}
    </ChosenPlant>
  );
}

function Board({ plant, all }: ChosenPlantProps) {
  const query = { plant: plant.id };
  const situation = useResource('getSituation', { query, tables: BOARD, about: query });
  const now = newestOf(plant);
  return (
    <>
      <div class="head">
        <h1>{plant.name}</h1>
        <OtherPlants page="plant" chosen={{ plant, all }} />
        {now === undefined ? null : (
          <p class="quiet">
            {t('asOf')} {moment(now, plant.time_zone)} ({plant.time_zone})
          </p>
        )}
      </div>
      <Shown resource={situation.value}>
        {({ machines }) => (
          <>
            <LookFirst plant={plant} machines={machines} now={now} />
            <Lines plant={plant} machines={machines} now={now} />
          </>
        )}
      </Shown>
      {now === undefined ? null : <ScheduleStrip plant={plant} now={now} />}
    </>
  );
}

type Listed = {
  readonly plant: Plant;
  readonly machines: readonly Machine[];
  readonly now: string | undefined;
};

/** How much a machine wants to be looked at: worse alarms first, then those that nobody has seen, then criticality. */
function urgency(machine: Machine): number {
  const { headline, priority, unacknowledged, request, criticality } = machine;
  // What is back to normal comes after what stands with the same priority, also where nobody has acknowledged it.
  const over = headline?.state === 'returned';
  const alarm = priority === null ? 0 : (4 - priority) * 100 - (over ? 60 : 0);
  const hurry = { urgent: 40, high: 30, medium: 20, low: 10 }[request?.priority ?? ''] ?? 0;
  const weight = { A: 3, B: 2, C: 1 }[criticality] ?? 0;
  return alarm + (unacknowledged > 0 && !over ? 50 : 0) + hurry + weight;
}

const MOST_LISTED = 8;

function LookFirst({ plant, machines, now }: Listed) {
  const troubled = machines
    .filter(({ priority, request }) => priority !== null || request !== null)
    .toSorted((a, b) => urgency(b) - urgency(a));
  return (
    <section aria-labelledby="look-first">
      <h2 id="look-first">{t('lookFirst')}</h2>
      {troubled.length === 0 ? (
        <Empty title={t('allWell')} why={t('allWellWhy')} />
      ) : (
        <div class="scroll">
          <table class="look-first">
            <thead>
              <tr>
                <th scope="col">{t('machine')}</th>
                <th scope="col">{t('why')}</th>
                <th scope="col">{t('doneAbout')}</th>
                <th scope="col">{t('when')}</th>
                <th scope="col">{t('cost')}</th>
              </tr>
            </thead>
            <tbody>
              {troubled.slice(0, MOST_LISTED).map((machine) => (
                <LookFirstRow
                  key={`${machine.line}/${machine.asset}`}
                  {...{ plant, machine, now }}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

type One = Omit<Listed, 'machines'> & { readonly machine: Machine };

function LookFirstRow({ plant, machine, now }: One) {
  const { headline, request, priority } = machine;
  const zone = plant.time_zone;
  return (
    <tr>
      <th scope="row">
        <MachineLink machine={machine} />
        <span class="quiet"> {lineName(plant, machine.line)}</span>
      </th>
      <td>
        <div class="why">
          {priority === null ? null : (
            <AlarmMark
              priority={priority as AlarmPriority}
              seen={headline?.state === 'acknowledged'}
            />
          )}
          <div>
            {headline === null ? shortTitle(request?.title ?? '') : shortReason(headline.reason)}
            {headline === null ? null : (
              <span class="quiet">
                {' '}
                {headline.state === 'returned'
                  ? `· ${alarmStateText('returned')}`
                  : t('since', { time: clock(headline.since, zone, now) })}
              </span>
            )}
          </div>
        </div>
      </td>
      <td>
        {request === null ? (
          <span class="quiet">{t('nothingYet')}</span>
        ) : (
          <>
            <a href={linkTo(['requests', request.id])}>{shortTitle(request.title)}</a>{' '}
            <RequestPriority priority={request.priority} />{' '}
            <span class="quiet">{word(request.status === '' ? 'requested' : request.status)}</span>
          </>
        )}
      </td>
      <td>{slotText(request, zone, now)}</td>
      <td>{costText(machine, plant.currency)}</td>
    </tr>
  );
}

function slotText(request: Machine['request'], zone: string, now: string | undefined): string {
  if (request === null) return '';
  const { slot_start: from, slot_end: to, slot_kind: kind } = request;
  if (from === null || to === null) return t('noSlot');
  return t('proposed', {
    kind: word(kind),
    from: clock(from, zone, now),
    to: clock(to, zone, from),
  });
}

function costText({ request, stop_cost }: Machine, currency: string | null): string {
  if (request !== null && request.stop_cost !== null) {
    const { stop_cost: now, cost_in_slot: then } = request;
    const costs = [t('forWork', { cost: money(now, currency) })];
    if (then !== null) costs.push(t('costInSlot', { cost: money(then, currency) }));
    return costs.join(', ');
  }
  return stop_cost === null ? t('noCost') : t('perHour', { cost: money(stop_cost, currency) });
}

function MachineLink({ machine: { plant, line, asset, name } }: { readonly machine: Machine }) {
  return <a href={linkTo(['machine', plant, line, asset])}>{name}</a>;
}

function Lines({ plant, machines, now }: Listed) {
  return (
    <section aria-labelledby="lines">
      <h2 id="lines">{t('lines')}</h2>
      {plant.lines.map(({ id, name }) => (
        <section key={id} class="line" aria-label={name}>
          <h3>{name}</h3>
          <ul class="tiles">
            {machines
              .filter(({ line }) => line === id)
              .map((machine) => (
                <Tile key={machine.asset} {...{ plant, machine, now }} />
              ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

function Tile({ plant, machine, now }: One) {
  const { doing, priority, headline, request, alarms, withheld } = machine;
  const zone = plant.time_zone;
  return (
    <li class={`tile tile-${doing?.kind ?? 'unknown'}${priority === null ? '' : ' tile-alarm'}`}>
      <a href={linkTo(['machine', machine.plant, machine.line, machine.asset])}>
        <span class="tile-name">
          {machine.name}
          {priority === null ? null : (
            <AlarmMark
              priority={priority as AlarmPriority}
              seen={headline?.state === 'acknowledged'}
            />
          )}
        </span>
        <span>
          {doingText(doing?.kind)}
          {doing === null ? null : (
            <span class="quiet"> {t('since', { time: clock(doing.since, zone, now) })}</span>
          )}
        </span>
        <span class="quiet tile-order">
          {doing === null || doing.order === ''
            ? t('noOrder')
            : `${doing.order}${doing.product === '' ? '' : ` · ${doing.product}`}`}
        </span>
        <span class="tile-foot">
          {alarms === 0 ? null : (
            <span>{alarms === 1 ? t('oneStanding') : t('standing', { count: alarms })}</span>
          )}
          {withheld === 0 ? null : <span class="quiet">{t('hidden', { count: withheld })}</span>}
          {request === null ? null : <RequestPriority priority={request.priority} />}
        </span>
      </a>
    </li>
  );
}
