/** How the pipeline is: where it is stuck and what that holds up, the flow, the systems, and what left the main way. */

import '../style/health.css';
import type { Answer } from '../api/client.ts';
import { ExceptionList, SendAgain } from '../parts/exception-list.tsx';
import { LettersByReason, UnwellSensors } from '../parts/exceptions.tsx';
import { RequestPriority } from '../parts/marks.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { Table } from '../parts/table.tsx';
import { houseZone, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { say } from '../text/pages/health.ts';
import { clock, money, number, shortTitle, t } from '../text/text.ts';

type Health = Answer<'getHealth'>;
type Held = Health['refused'][number];

/** Systems and the log are no rows that are announced: they are asked for again every few seconds. */
const EVERY = 5_000;

export function HealthPage() {
  const plants = useResource('getPlants', { tables: ['assets'], pace: 10_000 });
  const health = useResource('getHealth', {
    tables: ['epochs', 'dead_letters', 'requests', 'commands', 'machine_events'],
    pace: EVERY,
  });
  const known = plants.value.data?.plants ?? [];
  return (
    <>
      <div class="head">
        <h1>{t('health')}</h1>
      </div>
      <Shown resource={health.value}>
        {(found) => (
          <>
            <Stuck health={found} plants={known} />
            <Flow health={found} />
            <Systems health={found} plants={known} />
            <HeldUp health={found} plants={known} />
            <ExceptionList plants={known} />
            <LettersByReason health={found} plants={known} />
            <UnwellSensors health={found} plants={known} />
          </>
        )}
      </Shown>
    </>
  );
}

type Part = { readonly health: Health; readonly plants: readonly Plant[] };

function systemName(system: string): string {
  return system === 'cmms' ? say('cmms') : system;
}

/** More messages than an epoch or two may wait: a log that goes on is never empty. */
const MUCH = 10_000;

function troublesOf(
  { flow, systems, refused, dead_letters, sensors }: Health,
  zone: string,
): readonly string[] {
  const backlog = flow.filter(
    ({ landed, backlog: waits }) => waits > MUCH || (waits > 0 && landed === 0),
  );
  const day = dead_letters.reduce((sum, letter) => sum + letter.day, 0);
  return [
    ...backlog.map(({ backlog: waits }) => say('stuckLog', { count: number(waits) })),
    ...systems.flatMap(({ system, waiting, oldest, failures }) => [
      ...(waiting === 0 || oldest === null
        ? []
        : [
            say('stuckSystem', {
              system: systemName(system),
              count: waiting,
              time: clock(oldest, zone),
            }),
          ]),
      ...(failures === 0
        ? []
        : [say('stuckFailures', { system: systemName(system), count: failures })]),
    ]),
    ...(refused.length === 0 ? [] : [say('stuckRefused', { count: refused.length })]),
    ...(day === 0 ? [] : [say('stuckLetters', { count: number(day) })]),
    ...(sensors.length === 0 ? [] : [say('stuckSensors', { count: sensors.length })]),
  ];
}

function Stuck({ health, plants }: Part) {
  const troubles = troublesOf(health, houseZone(plants));
  if (troubles.length === 0) return <Empty title={say('well')} why={say('wellWhy')} />;
  const held = heldUpBy(health);
  const cost = held.reduce((sum, { stop_cost: each }) => sum + (each ?? 0), 0);
  const text = { count: held.length, cost: money(cost, plants[0]?.currency ?? null) };
  return (
    <section class="card" aria-label={t('health')}>
      <ul class="plain">
        {troubles.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      {held.length === 0 ? null : (
        <p>
          <strong>{cost === 0 ? say('holdsUpPlain', text) : say('holdsUp', text)}</strong>
        </p>
      )}
    </section>
  );
}

/** What waits or was refused: one of each request, since its commands hold up the same. */
function heldUpBy({ systems, refused }: Health): readonly Held[] {
  const all = [...systems.flatMap(({ holds }) => holds), ...refused];
  return all.filter(({ request }, at) => all.findIndex((each) => each.request === request) === at);
}

function Flow({ health: { flow, sensors, systems } }: { readonly health: Health }) {
  return (
    <section aria-labelledby="flow">
      <h2 id="flow">{say('flow')}</h2>
      {flow.length === 0 ? <Empty title={say('noLog')} why={say('noLogWhy')} /> : null}
      {flow.map((each) => (
        <ol key={each.stream} class="flow" aria-label={each.stream}>
          <Step
            name={say('source')}
            bad={sensors.length > 0}
            lines={[
              say('perSecond', { count: number(each.messages_per_second) }),
              sensors.length === 0 ? say('allWell') : say('unwell', { count: sensors.length }),
            ]}
          />
          <Step
            name={`${say('log')} ${each.stream}`}
            lines={[
              say('messages', { count: number(each.messages), size: number(each.bytes / 1e6) }),
            ]}
          />
          <Step
            name={say('worker')}
            bad={each.backlog > MUCH}
            lines={[
              each.backlog === 0
                ? say('nothingWaits')
                : say('backlog', { count: number(each.backlog) }),
              each.is_replay ? say('replay') : say('lag', { count: number(each.lag_seconds ?? 0) }),
            ]}
          />
          <Step
            name={say('warehouse')}
            bad={each.landed === 0}
            lines={
              each.landed === 0
                ? [say('neverLanded')]
                : [
                    say('rows', { count: number(each.rows_per_second) }),
                    say('epochs', { count: number(each.epoch_seconds) }),
                  ]
            }
          />
          <Step
            name={say('systems')}
            bad={systems.some(({ waiting, failures }) => waiting > 0 || failures > 0)}
            lines={systems.map(({ system, waiting }) => `${systemName(system)}: ${waiting}`)}
          />
        </ol>
      ))}
    </section>
  );
}

function Step({
  name,
  lines,
  bad = false,
}: {
  readonly name: string;
  readonly lines: readonly string[];
  readonly bad?: boolean;
}) {
  return (
    <li class={bad ? 'card flow-bad' : 'card'}>
      <strong>
        {bad ? <span aria-hidden="true">▲ </span> : null}
        {name}
      </strong>
      {lines.map((line) => (
        <span key={line} class="quiet">
          {line}
        </span>
      ))}
    </li>
  );
}

function Systems({ health: { systems }, plants }: Part) {
  const zone = houseZone(plants);
  return (
    <section aria-labelledby="systems">
      <h2 id="systems">{say('systems')}</h2>
      {systems.length === 0 ? (
        <Empty title={say('noSystems')} why={say('noSystemsWhy')} />
      ) : (
        <Table
          rows={systems}
          keyOf={({ system }) => system}
          columns={[
            { name: say('system'), cell: ({ system }) => systemName(system) },
            {
              name: say('waiting'),
              cell: ({ waiting, oldest }) => (
                <>
                  {waiting}
                  {oldest === null ? null : (
                    <span class="quiet"> {t('since', { time: clock(oldest, zone) })}</span>
                  )}
                </>
              ),
            },
            { name: say('refused'), cell: ({ refused }) => refused },
            {
              name: say('failures'),
              cell: ({ failures }) => (failures === 0 ? '0' : <strong>{failures}</strong>),
            },
            {
              name: say('lastAttempt'),
              cell: ({ latest }) =>
                latest === null
                  ? say('noAttempt')
                  : `${clock(latest.time, zone)}: ${latest.what}, ${latest.outcome}${latest.note === '' ? '' : ` (${latest.note})`}`,
            },
          ]}
        />
      )}
    </section>
  );
}

function HeldUp({ health: { systems }, plants }: Part) {
  const waiting = systems.flatMap(({ holds }) => holds);
  if (waiting.length === 0) return null;
  return (
    <section aria-labelledby="held-up">
      <h2 id="held-up">{say('heldUp')}</h2>
      <HeldTable held={waiting} plants={plants} />
    </section>
  );
}

function HeldTable({
  held,
  plants,
}: {
  readonly held: readonly Held[];
  readonly plants: readonly Plant[];
}) {
  const plantOf = ({ plant }: Held) => plants.find(({ id }) => id === plant);
  return (
    <Table
      rows={held}
      keyOf={({ kind, id }) => `${kind} ${id}`}
      columns={[
        {
          name: say('what'),
          cell: ({ request, title, priority, asset }) => (
            <>
              <a href={linkTo(['requests', request])}>{shortTitle(title)}</a>{' '}
              <RequestPriority priority={priority} /> <span class="quiet">{asset}</span>
            </>
          ),
        },
        {
          name: say('since'),
          cell: (each) => clock(each.since, plantOf(each)?.time_zone ?? 'UTC'),
        },
        {
          name: say('worth'),
          cell: (each) =>
            each.stop_cost === null
              ? t('noCost')
              : money(each.stop_cost, plantOf(each)?.currency ?? null),
        },
        { name: say('note'), cell: ({ note }) => note },
        { name: say('sendAgain'), cell: ({ kind, id }) => <SendAgain kind={kind} id={id} /> },
      ]}
    />
  );
}
