/** All that is silenced, in one list: by whom, why, until when, and what it hides now. */

import { useSignal } from '@preact/signals';
import { type Answer, call } from '../api/client.ts';
import { assetName, houseZone, lineName, newestOf, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { may, mayAnywhere, me } from '../state/session.ts';
import { say } from '../text/pages/alarms.ts';
import { clock, t, word } from '../text/text.ts';
import { doAct } from './alarm-list.tsx';
import { LineFilter } from './line-filter.tsx';
import { AlarmMark, alarmStateText, priorityOf } from './marks.tsx';
import { Empty, Shown } from './shown.tsx';

type Silenced = Answer<'getSilenced'>['silenced'][number];

/** What ends within this is told beforehand. */
const SOON = 3_600_000;

type SilencedOptions = {
  readonly plants: readonly Plant[];
  /** `plant/line`; empty: all. */
  readonly line: string;
};

export function SilencedList({ plants, line }: SilencedOptions) {
  const resource = useResource('getSilenced', { tables: ['alarms', 'anomalies'] });
  return (
    <>
      <div class="row filters">
        <LineFilter plants={plants} />
      </div>
      <Shown resource={resource.value}>
        {({ silenced, idle_rules: idle, quiet }) => {
          const shown = silenced.filter(
            (each) => line === '' || `${each.plant}/${each.line}` === line,
          );
          return (
            <>
              {shown.length + idle.length + quiet.length === 0 ? (
                <Empty title={say('nothingSilenced')} why={say('nothingSilencedWhy')} />
              ) : null}
              {shown.length === 0 ? null : <SilencedTable silenced={shown} plants={plants} />}
              {quiet.length === 0 ? null : <QuietPeople quiet={quiet} plants={plants} />}
              {idle.length === 0 ? null : <IdleRules rules={idle} plants={plants} />}
            </>
          );
        }}
      </Shown>
      {mayAnywhere('view-exceptions') ? <Waived /> : null}
    </>
  );
}

type QuietOptions = {
  readonly quiet: Answer<'getSilenced'>['quiet'];
  readonly plants: readonly Plant[];
};

function QuietPeople({ quiet, plants }: QuietOptions) {
  const zone = houseZone(plants);
  return (
    <section aria-labelledby="quiet">
      <h2 id="quiet">{say('quiet')}</h2>
      <ul>
        {quiet.map(({ person, name, until, except }) => (
          <li key={person}>
            {say('quietOf', { name: name || person, time: clock(until, zone), except })}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Waived() {
  const resource = useResource('getExceptions', {
    query: { state: 'waived' },
    tables: ['machine_events'],
    pace: 5_000,
  });
  const exceptions = resource.value.data?.exceptions ?? [];
  if (exceptions.length === 0) return null;
  return (
    <section aria-labelledby="waived">
      <h2 id="waived">{say('waived')}</h2>
      <p class="quiet">{say('waivedWhy')}</p>
      <ul>
        {exceptions.map(({ id, title, reason, owner, owner_name: name }) => (
          <li key={id}>
            <span class="break">{title}</span>: {reason}{' '}
            <span class="quiet">{name === '' ? owner : name}</span>
          </li>
        ))}
      </ul>
      <p>
        <a href={linkTo(['health'], { exceptions: 'waived' })}>{say('toHealth')}</a>
      </p>
    </section>
  );
}

type TableOptions = {
  readonly silenced: readonly Silenced[];
  readonly plants: readonly Plant[];
};

function SilencedTable({ silenced, plants }: TableOptions) {
  return (
    <div class="scroll">
      <table class="look-first">
        <thead>
          <tr>
            <th scope="col">{say('what')}</th>
            <th scope="col">{t('reason')}</th>
            <th scope="col">{say('hides')}</th>
            <th scope="col">{say('until')}</th>
            <th scope="col">{say('by')}</th>
            <th scope="col">
              <span class="unseen">{say('end')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {silenced.map((each) => (
            <SilencedRow
              key={`${each.kind} ${each.plant}/${each.line}/${each.asset} ${each.rule} ${each.signal} ${each.point} ${each.reason}`}
              silenced={each}
              plant={plants.find(({ id }) => id === each.plant)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type IdleRule = Answer<'getSilenced'>['idle_rules'][number];

/** Nobody ends these here: they are switched on in the rules. */
function IdleRules({
  rules,
  plants,
}: {
  readonly rules: readonly IdleRule[];
  readonly plants: readonly Plant[];
}) {
  const nameOf = (plant: string) => plants.find(({ id }) => id === plant)?.name ?? plant;
  return (
    <section aria-labelledby="idle-rules">
      <h2 id="idle-rules">{say('idleRules')}</h2>
      <p class="quiet">{say('idleRulesWhy')}</p>
      <ul>
        {rules.map(({ plant, kind, rule, mode, role }) => (
          <li key={`${plant} ${kind} ${rule}`}>
            {say(kind === 'workflow' ? 'idleWorkflow' : 'idleMessages', { rule, role })}{' '}
            <strong>{say(mode === 'off' ? 'switchedOff' : 'shadow')}</strong>
            {plants.length > 1 ? <span class="quiet"> {nameOf(plant)}</span> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

type RowOptions = { readonly silenced: Silenced; readonly plant: Plant | undefined };

function SilencedRow({ silenced, plant }: RowOptions) {
  const { kind, line, asset, rule, signal, point, since, until, who, reason, hides, worst } =
    silenced;
  const zone = plant?.time_zone ?? 'UTC';
  const now = plant === undefined ? undefined : newestOf(plant);
  const isMine = who !== '' && who === me.value?.id;
  const endsSoon =
    until !== null && now !== undefined && Date.parse(until) - Date.parse(now) < SOON;
  const of = [rule, signal, point].filter((each) => each !== '').join(' · ');
  return (
    <tr>
      <th scope="row">
        {asset === '' ? (
          lineName(plant, line)
        ) : (
          <a href={linkTo(['machine', silenced.plant, line, asset])}>
            {assetName(plant, line, asset)}
          </a>
        )}
        <span class="quiet"> {of === '' && asset !== '' ? say('wholeMachine') : of}</span>
      </th>
      <td>
        {alarmStateText(kind === 'by-design' ? 'suppressed' : kind)}
        {reason === '' ? null : `: ${kind === 'by-design' ? reasonText(reason) : reason}`}
      </td>
      <td>
        <div class="row">
          {worst === '' ? null : <AlarmMark priority={priorityOf(worst)} seen />}
          {hides === 0 ? say('hidesNone') : hides}
        </div>
      </td>
      <td>
        {until !== null
          ? clock(until, zone, now)
          : say(kind === 'by-design' ? 'untilRule' : 'untilEnded')}
        {endsSoon ? <strong> ({say('endsSoon')})</strong> : null}
      </td>
      <td>
        {kind === 'by-design' ? say('rules') : isMine ? me.value?.name : say('somebody')}{' '}
        <span class="quiet">{t('since', { time: clock(since, zone, now) })}</span>
      </td>
      <td>
        <EndButton silenced={silenced} />
      </td>
    </tr>
  );
}

function reasonText(reason: string): string {
  return reason === 'flood' || reason === 'regime change' ? say(reason) : word(reason);
}

function EndButton({ silenced }: { readonly silenced: Silenced }) {
  const told = useSignal<string | undefined>(undefined);
  const { kind, plant, line, asset, rule, signal, point } = silenced;
  if (kind === 'by-design') return null;
  const [act, operation] =
    kind === 'shelved'
      ? (['shelve-alarms', 'unshelve'] as const)
      : (['take-out-of-service', 'putInService'] as const);
  if (!may(act, plant, line)) return null;
  const named = Object.entries({ rule, signal, point }).filter(([, name]) => name !== '');
  const end = async () => {
    const path = { plant, line, asset };
    const body: { rule?: string; signal?: string; point?: string } = Object.fromEntries(named);
    told.value = (await doAct((key) => call(operation, { path, key, body })))?.text;
  };
  return (
    <>
      <button type="button" class="button" onClick={() => void end()}>
        {say('end')}
      </button>
      <span class="note" role="status">
        {told.value}
      </span>
    </>
  );
}
