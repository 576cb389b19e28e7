/** How good the alarm system itself is, by the numbers of ISA-18.2 and EEMUA 191. */

import type { Answer } from '../api/client.ts';
import { lineName, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { say } from '../text/pages/alarms.ts';
import { clock, number, t } from '../text/text.ts';
import { LineFilter } from './line-filter.tsx';
import { MachineLink } from './machine-link.tsx';
import { Empty, Shown } from './shown.tsx';

type Numbers = Answer<'getAlarmNumbers'>;

const STRETCHES = [7, 30, 90] as const;

type NumbersOptions = { readonly plants: readonly Plant[]; readonly line: string };

export function AlarmNumbers({ plants, line }: NumbersOptions) {
  const asked = Number(place.value.query.days ?? '30');
  const days = STRETCHES.find((each) => each === asked) ?? 30;
  const [plant, of] = line.split('/');
  const resource = useResource('getAlarmNumbers', {
    query: { days, ...(plant ? { plant } : {}), ...(of ? { line: of } : {}) },
    tables: ['anomalies'],
    pace: 30_000,
  });
  const zone = (plants.find(({ id }) => id === plant) ?? plants[0])?.time_zone ?? 'UTC';
  return (
    <>
      <div class="row filters">
        <LineFilter plants={plants} />
        <fieldset class="choice">
          <legend class="unseen">{t('stretch')}</legend>
          {STRETCHES.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="days"
                checked={each === days}
                onChange={() => setQuery({ days: each === 30 ? undefined : String(each) })}
              />
              {say(`days${each}`)}
            </label>
          ))}
        </fieldset>
      </div>
      <Shown resource={resource.value}>
        {(numbers) =>
          numbers.to === null ? (
            <Empty title={say('noNumbers')} />
          ) : (
            <>
              <Figures numbers={numbers} />
              <div class="two">
                <Worst numbers={numbers} plants={plants} />
                <Floods numbers={numbers} zone={zone} plants={plants} />
              </div>
            </>
          )
        }
      </Shown>
    </>
  );
}

/** A number with what is acceptable and what is the most, as the standards have it. */
type Figure = {
  readonly name: string;
  readonly value: number;
  readonly text: string;
  readonly acceptable: number;
  readonly most: number;
  readonly unit?: '%';
};

/** EEMUA 191: 150 a day, 6 an hour, 1 in ten minutes are acceptable; 300, 12, 2 the most. ISA-18.2: floods below 1 %. */
function figuresOf({
  totals,
  days,
  flood_share,
  worst,
  chattering,
  stale,
}: Numbers): readonly Figure[] {
  const perDay = totals.alarms / days;
  const tenWorst = worst.reduce((sum, { share }) => sum + share, 0);
  const count = (name: string, value: number, acceptable: number, most: number): Figure => ({
    ...{ name, value, acceptable, most },
    text: number(value),
  });
  const share = (name: string, value: number, acceptable: number, most: number): Figure => ({
    ...{ name, value: value * 100, acceptable, most },
    text: `${number(value * 100)} %`,
    unit: '%',
  });
  return [
    count(say('perDay'), perDay, 150, 300),
    count(say('mostDay'), totals.most_in_a_day, 150, 300),
    count(say('mostHour'), totals.most_in_an_hour, 6, 12),
    count(say('mostTen'), totals.most_in_ten_minutes, 1, 2),
    share(say('floodShare'), flood_share, 1, 1),
    share(say('tenWorst'), tenWorst, 1, 5),
    count(say('chattering'), chattering, 0, 0),
    count(say('stale'), stale, 0, 5),
  ];
}

function Figures({ numbers }: { readonly numbers: Numbers }) {
  const { first, second, third, alarms } = numbers.totals;
  const shares = [first, second, third].map((each) => number((each / Math.max(1, alarms)) * 100));
  return (
    <section aria-labelledby="numbers">
      <h2 id="numbers">{say('numbersOf', { days: numbers.days })}</h2>
      <p class="quiet">{say('numbersWhy')}</p>
      <div class="scroll">
        <table class="look-first figures">
          <thead>
            <tr>
              <th scope="col">{say('number')}</th>
              <th scope="col">{say('found')}</th>
              <th scope="col">{say('acceptable')}</th>
              <th scope="col">{say('most')}</th>
            </tr>
          </thead>
          <tbody>
            {figuresOf(numbers).map((figure) => (
              <FigureRow key={figure.name} figure={figure} />
            ))}
            <tr>
              <th scope="row">{say('shares')}</th>
              <td data-name={say('found')}>{alarms === 0 ? '–' : `${shares.join(' / ')} %`}</td>
              <td colSpan={2} data-name={say('acceptable')}>
                5 / 15 / 80 %
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  );
}

function FigureRow({
  figure: { name, value, text, acceptable, most, unit },
}: {
  readonly figure: Figure;
}) {
  const verdict = value > most ? 'beyond' : value > acceptable ? 'between' : 'within';
  const full = Math.max(value, most * 1.25, 1);
  const share = (at: number) => `${Math.min(100, (at / full) * 100)}%`;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <div class="value">
          <span class={verdict === 'beyond' ? 'value-beyond' : ''}>{text}</span>
          <div class="value-bar" aria-hidden="true">
            <div class="value-fill" style={{ width: share(value) }} />
            <div class="value-limit" style={{ left: share(most) }} />
          </div>
          <span class="quiet">{say(verdict)}</span>
        </div>
      </td>
      <td
        data-name={say('acceptable')}
      >{`${acceptable}${unit === undefined ? '' : ` ${unit}`}`}</td>
      <td data-name={say('most')}>{`${most}${unit === undefined ? '' : ` ${unit}`}`}</td>
    </tr>
  );
}

function Worst({
  numbers,
  plants,
}: { readonly numbers: Numbers } & Pick<NumbersOptions, 'plants'>) {
  return (
    <section aria-labelledby="worst">
      <h2 id="worst">{say('worst')}</h2>
      {numbers.worst.length === 0 ? (
        <Empty title={say('noWorst')} />
      ) : (
        <div class="scroll">
          <table class="look-first">
            <thead>
              <tr>
                <th scope="col">{say('alarm')}</th>
                <th scope="col">{say('times')}</th>
                <th scope="col">{say('share')}</th>
              </tr>
            </thead>
            <tbody>
              {numbers.worst.map(
                ({ plant, line, asset, rule, signal, alarms, share, chattering }) => (
                  <tr key={`${plant}/${line}/${asset}/${rule}/${signal}`}>
                    <th scope="row">
                      <MachineLink of={{ plant, line, asset }} plants={plants} />
                      <span class="quiet">
                        {' '}
                        {rule} · {signal}
                      </span>
                    </th>
                    <td data-name={say('times')}>
                      {alarms}
                      {chattering ? <span class="chip chip-high"> {say('chatters')}</span> : null}
                    </td>
                    <td data-name={say('share')}>{number(share * 100)} %</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

type FloodsOptions = Pick<NumbersOptions, 'plants'> & {
  readonly numbers: Numbers;
  readonly zone: string;
};

function Floods({ numbers, zone, plants }: FloodsOptions) {
  return (
    <section aria-labelledby="floods">
      <h2 id="floods">{say('floods')}</h2>
      {numbers.floods.length === 0 ? (
        <Empty title={say('noFloods')} />
      ) : (
        <ul class="plain">
          {numbers.floods.map(({ plant, line, from, to, alarms, most_in_ten_minutes: peak }) => (
            <li key={`${plant}/${line}/${from}`}>
              {lineName(
                plants.find(({ id }) => id === plant),
                line,
              )}
              : {clock(from, zone)} – {clock(to, zone, from)}
              <span class="quiet">
                {' '}
                {t('standing', { count: alarms })}, {say('peak')}: {peak}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
