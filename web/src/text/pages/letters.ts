/** Why something left the main way: the reasons of dead letters, which are a fixed list. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    malformed: 'cannot be read',
    schema: 'a format of a later version',
    unknown: 'not in the plant model',
    duplicate: 'came twice',
    'too-late': 'too late for any window',
    late: 'late: not seen by patterns',
    skew: 'a wrong clock',
    'out-of-step': 'its line does not wait for it',
    'not-finite': 'no finite number',
    text: 'a text where a number belongs',
    precision: 'a number that was rounded',
    missing: 'a value that is not there',
    'bad-quality': 'bad by its own quality',
    suspect: 'suspect by its own quality',
    'out-of-range': 'beyond the range of the sensor',
    suppressed: 'withheld by a planned stop',
    mixed: 'the state changed within the window',
    'rule-changed': 'the rule was changed',
    overflow: 'more waited than may wait',
    budget: 'more than its rule may keep',
    defect: 'a defect of the program',
    trimmed: 'left the log unread',
    gap: 'missing in the log',
    refused: 'said by whom nobody asked',
  },
  de: {
    malformed: 'nicht lesbar',
    schema: 'ein Format einer späteren Version',
    unknown: 'nicht im Werksmodell',
    duplicate: 'kam doppelt',
    'too-late': 'zu spät für jedes Fenster',
    late: 'verspätet: Muster sehen es nicht',
    skew: 'eine falsche Uhr',
    'out-of-step': 'seine Linie wartet nicht darauf',
    'not-finite': 'keine endliche Zahl',
    text: 'ein Text, wo eine Zahl hingehört',
    precision: 'eine Zahl, die gerundet wurde',
    missing: 'ein Wert, der fehlt',
    'bad-quality': 'schlecht nach eigener Angabe',
    suspect: 'zweifelhaft nach eigener Angabe',
    'out-of-range': 'außerhalb des Messbereichs',
    suppressed: 'durch einen geplanten Stillstand zurückgehalten',
    mixed: 'der Zustand wechselte im Fenster',
    'rule-changed': 'die Regel wurde geändert',
    overflow: 'mehr wartete, als warten darf',
    budget: 'mehr, als seine Regel behalten darf',
    defect: 'ein Fehler des Programms',
    trimmed: 'hat das Log ungelesen verlassen',
    gap: 'fehlt im Log',
    refused: 'gesagt, ohne dass jemand fragte',
  },
});

type Reason = keyof typeof say.texts.en;

/** What a reason means; of one that is not known here, nothing. */
export function letterText(reason: string): string {
  return reason in say.texts.en ? say(reason as Reason) : '';
}
