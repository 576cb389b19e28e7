/** What messages say, in the language and by the clocks of who gets them. Names, titles and reasons stay as they were written. */

export const MESSAGE_LANGUAGES = ['en', 'de'] as const;
export type MessageLanguage = (typeof MESSAGE_LANGUAGES)[number];

const EN = {
  notice: 'notice',
  warning: 'warning',
  alarm: 'alarm',
  danger: 'danger',
  over: 'over',
  testSubject: 'Andon: test of this channel',
  test: 'Test',
  testWhy: 'Andon tries this channel each day. If it stops, somebody else is told.',
  andMore: 'and {count} more',
  andMoreOn: ' and {count} more on {place}',
  severalPlants: 'several plants',
  itemLine: '{name}: {severity}{mode}, since {time}',
  why: 'why: {because}',
  answerEnded: 'It was acknowledged, and that has ended.',
  nothingLeft: 'Nothing is left to do.',
  evidence: 'Evidence',
  acknowledge: 'Acknowledge',
  linksAreSafe: 'To open a link changes nothing.',
  channelTitle: 'Channel {channel} does not take messages',
  channelTitleTo: 'Channel {channel} does not take messages to {person}',
};
type MessageTextKey = keyof typeof EN;

const DE: Readonly<Record<MessageTextKey, string>> = {
  notice: 'Hinweis',
  warning: 'Warnung',
  alarm: 'Alarm',
  danger: 'Gefahr',
  over: 'vorbei',
  testSubject: 'Andon: Probe dieses Kanals',
  test: 'Probe',
  testWhy: 'Andon probiert diesen Kanal jeden Tag. Geht er nicht mehr, erfährt es jemand anderes.',
  andMore: 'und {count} weitere',
  andMoreOn: ' und {count} weitere in {place}',
  severalPlants: 'mehreren Werken',
  itemLine: '{name}: {severity}{mode}, seit {time}',
  why: 'warum: {because}',
  answerEnded: 'Es war quittiert, und das ist abgelaufen.',
  nothingLeft: 'Es ist nichts mehr zu tun.',
  evidence: 'Belege',
  acknowledge: 'Quittieren',
  linksAreSafe: 'Einen Link zu öffnen ändert nichts.',
  channelTitle: 'Kanal {channel} nimmt keine Nachrichten an',
  channelTitleTo: 'Kanal {channel} nimmt keine Nachrichten an {person} an',
};

export const MESSAGE_TEXTS: Readonly<
  Record<MessageLanguage, Readonly<Record<MessageTextKey, string>>>
> = { en: EN, de: DE };

type MessageWords = (
  key: MessageTextKey,
  values?: Readonly<Record<string, string | number>>,
) => string;

export function messageWords(language: MessageLanguage): MessageWords {
  const texts = MESSAGE_TEXTS[language];
  return (key, values = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Hours count to 23 in both: an alarm at 12 is one at noon. */
const LOCALE: Readonly<Record<MessageLanguage, string>> = { en: 'en-GB', de: 'de-DE' };

/** A moment by the clocks of a zone, with its name: whoever is on the way knows which clock is meant. */
export function messageTime(time: string, language: MessageLanguage, zone: string): string {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return time;
  const parts = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const clock = { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const;
  const options = { ...parts, ...clock, timeZone: zone };
  return new Intl.DateTimeFormat(LOCALE[language], options).format(at);
}
