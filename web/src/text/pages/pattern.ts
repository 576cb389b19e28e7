/** What the diagram of a pattern says. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    title: 'The pattern behind it',
    why: 'What had to come, in this order, and what came. The numbers on the line are those of the steps.',
    took: 'took {time}',
    within: 'within {time} at most',
    timedOut: 'It began, and the rest did not come in time.',
    absent: 'must not come, and did not',
    gap: 'at most {time} after the one before',
    nothing: 'Nothing was needed here.',
    more: 'and {count} more',
    seconds: '{count} s',
  },
  de: {
    title: 'Das Muster dahinter',
    why: 'Was kommen musste, in dieser Reihenfolge, und was kam. Die Zahlen auf der Linie sind die der Schritte.',
    took: 'dauerte {time}',
    within: 'höchstens {time}',
    timedOut: 'Es begann, und der Rest kam nicht rechtzeitig.',
    absent: 'darf nicht kommen, und kam nicht',
    gap: 'höchstens {time} nach dem davor',
    nothing: 'Hier brauchte es nichts.',
    more: 'und {count} weitere',
    seconds: '{count} s',
  },
});
