/** A message to one person by one channel, and its words. It says what is wrong, since when, why, and where to answer. */

import { SEVERITIES, type Severity } from '../../operators/model/detector-rule.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import { locate } from '../../operators/model/key.ts';
import { printable } from '../../operators/model/plain.ts';
import { type MessageLanguage, messageTime, messageWords } from './message-text.ts';

/** One problem as a message tells it. */
export type ReportedProblem = {
  readonly key: string;
  /** How often it began to speak: anew when it gets worse, or an answer has ended. */
  readonly round: number;
  /** Null where there is no page of it. */
  readonly request: string | null;
  readonly asset: string;
  readonly asset_name: string;
  readonly severity: Severity;
  readonly failure_mode: string;
  readonly title: string;
  readonly because: string;
  /** When it began to show, ISO 8601. */
  readonly since: string;
  /** Whose answer has ended, by opaque id; '' where nobody has answered. */
  readonly answered_by: string;
};

export type OutgoingMessage = {
  /** The same for every try: who can tell repeats apart does so by it. */
  readonly id: string;
  /** `open`: problems without an answer. `over`: they are no more. `test`: the channel is tried. */
  readonly kind: 'open' | 'over' | 'test';
  /** The address in the channel, where it has some. */
  readonly to: string | undefined;
  /** The gravest first. */
  readonly problems: readonly ReportedProblem[];
  /** Epoch milliseconds at which it was decided on. */
  readonly time: number;
  /** Where people open the console. */
  readonly console: string | undefined;
  /** Of who gets it. */
  readonly language: MessageLanguage;
  readonly time_zone: string;
};

/** More are counted, and not spelt out. */
const MOST_SPELT = 10;
const LONGEST_SUBJECT = 160;

export type MessageText = {
  readonly subject: string;
  /** One for each problem that is spelt out. */
  readonly items: readonly MessageItem[];
  /** How many are not. */
  readonly more: number;
  readonly links: readonly MessageLink[];
};

type MessageItem = {
  readonly title: string;
  readonly lines: readonly string[];
  readonly link: string | undefined;
};

export type MessageLink = { readonly title: string; readonly url: string };

export function gravestSeverity({ problems }: Pick<OutgoingMessage, 'problems'>): Severity {
  const ranks = problems.map(({ severity }) => SEVERITIES.indexOf(severity));
  return SEVERITIES[Math.max(0, ...ranks)] ?? 'notice';
}

/** What a message says, for whatever form a channel gives it. */
export function textOf(message: OutgoingMessage): MessageText {
  const { problems, kind, language } = message;
  if (kind === 'test') {
    const say = messageWords(language);
    return {
      subject: say('testSubject'),
      items: [{ title: say('test'), lines: [say('testWhy')], link: undefined }],
      more: 0,
      links: [],
    };
  }
  const spelt = problems.slice(0, MOST_SPELT);
  return {
    subject: subjectOf(message),
    items: spelt.map((problem) => itemOf(problem, message)),
    more: problems.length - spelt.length,
    links: linksOf(message),
  };
}

function subjectOf(message: OutgoingMessage): string {
  const { problems, kind, language } = message;
  const say = messageWords(language);
  const [first] = problems;
  const word = say(kind === 'over' ? 'over' : gravestSeverity(message));
  if (first === undefined) return `[${word}]`;
  const others = problems.length - 1;
  const place = commonPlace(problems) ?? say('severalPlants');
  const more = others === 0 ? '' : say('andMoreOn', { count: others, place });
  return oneLine(`[${word}] ${titleOf(first, language)}${more}`).slice(0, LONGEST_SUBJECT);
}

/** The longest path that all problems share; undefined where they share none. */
function commonPlace(problems: readonly ReportedProblem[]): string | undefined {
  const places = problems.map(({ asset }) => locate(asset as AssetKey));
  const [{ plant, line } = { plant: '', line: '' }] = places;
  if (places.some((place) => place.plant !== plant)) return undefined;
  return places.every((place) => place.line === line) ? `${plant}/${line}` : plant;
}

/** Keys of problems of channels begin so. */
export const OF_CHANNEL = 'channel-';

/** Of a channel it is our own sentence; of all else what the pipeline wrote. */
export function titleOf({ key, asset, title }: ReportedProblem, language: MessageLanguage): string {
  if (!key.startsWith(OF_CHANNEL)) return title;
  const { asset: channel } = locate(asset as AssetKey);
  const person = key.slice(OF_CHANNEL.length + channel.length + 1);
  return channelTitle(language, channel, person);
}

/** `person`: '' where the channel takes nothing at all. */
export function channelTitle(language: MessageLanguage, channel: string, person: string): string {
  const key = person === '' ? 'channelTitle' : 'channelTitleTo';
  return messageWords(language)(key, { channel, person });
}

function itemOf(problem: ReportedProblem, message: OutgoingMessage): MessageItem {
  const { asset, asset_name, severity, failure_mode, since, because, answered_by } = problem;
  const { console: base, kind, language, time_zone } = message;
  const say = messageWords(language);
  const told = {
    name: asset_name === '' ? asset : `${asset_name} (${asset})`,
    severity: say(severity),
    mode: failure_mode === '' ? '' : `, ${failure_mode}`,
    time: messageTime(since, language, time_zone),
  };
  return {
    title: oneLine(titleOf(problem, language)),
    lines: [
      say('itemLine', told),
      ...(because === '' ? [] : [say('why', { because })]),
      ...(answered_by === '' ? [] : [say('answerEnded')]),
      ...(kind === 'over' ? [say('nothingLeft')] : []),
    ].map(oneLine),
    link:
      base === undefined || problem.request === null
        ? undefined
        : placeOn(base, ['requests', problem.request]),
  };
}

/** Opening a link changes nothing: it leads to a page, where a person who has signed in acts. */
function linksOf({
  console: base,
  problems,
  kind,
  language,
}: OutgoingMessage): readonly MessageLink[] {
  const say = messageWords(language);
  const [first] = problems;
  if (base === undefined || first === undefined || first.request === null) return [];
  const { plant, line, asset } = locate(first.asset as AssetKey);
  return [
    { title: say('evidence'), url: placeOn(base, ['requests', first.request]) },
    ...(kind === 'open'
      ? [{ title: say('acknowledge'), url: placeOn(base, ['machine', plant, line, asset]) }]
      : []),
  ];
}

function placeOn(base: string, path: readonly string[]): string {
  return `${base.replace(/\/+$/, '')}/#/${path.map(encodeURIComponent).join('/')}`;
}

/** Texts of machines and people: nothing in them begins a line of its own, nor is anything that a screen would obey. */
function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, ' ').trim();
}

/** As plain text. */
export function plainText(message: OutgoingMessage): string {
  const { items, more, links } = textOf(message);
  const say = messageWords(message.language);
  return [
    ...items.flatMap(({ title, lines, link }) => [
      title,
      ...lines.map((line) => `  ${line}`),
      ...(link === undefined ? [] : [`  ${link}`]),
      '',
    ]),
    ...(more === 0 ? [] : [`${say('andMore', { count: more })}.`, '']),
    ...links.map(({ title, url }) => `${title}: ${url}`),
    ...(links.length === 0 ? [] : [say('linksAreSafe')]),
  ].join('\n');
}
