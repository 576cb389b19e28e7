/** What the page of the audit stream says. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    why: 'Who did what with the installation, in times of UTC. Entries are chained by hash; andon audit verify checks the chain.',
    none: 'There are no entries.',
    noneWhy: 'They come with the first act: of the command line, of a worker, or of a person.',
    number: 'Entry',
    when: 'Time',
    who: 'Who',
    act: 'Act',
    what: 'Of what',
    reason: 'Reason',
    intent: 'begun',
    failed: 'failed',
    ofEntry: 'of {of}',
    older: 'Older ones',
  },
  de: {
    why: 'Wer was mit der Anlage getan hat, in Zeiten von UTC. Die Einträge sind durch Hashes verkettet; andon audit verify prüft die Kette.',
    none: 'Es gibt keine Einträge.',
    noneWhy:
      'Sie kommen mit der ersten Handlung: der Befehlszeile, eines Workers oder einer Person.',
    number: 'Eintrag',
    when: 'Zeit',
    who: 'Wer',
    act: 'Handlung',
    what: 'Woran',
    reason: 'Grund',
    intent: 'begonnen',
    failed: 'gescheitert',
    ofEntry: 'zu {of}',
    older: 'Ältere',
  },
});
