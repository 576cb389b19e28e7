import type { Verdict } from './diagnose.ts';

/** What to do about a verdict, in one sentence. */
export const ADVICE: Readonly<Record<Verdict, string>> = {
  outer_race:
    'Plan the replacement of the bearing; measure weekly until then, and look at load, fit and lubrication of the old one.',
  inner_race:
    'Plan the replacement of the bearing soon: damage of the rotating race spreads fast; measure weekly until then.',
  rolling_element:
    'Measure again within days, also in other directions, and plan the replacement of the bearing if the lines persist.',
  cage: 'Replace the bearing at the next stop: a broken cage gives little further notice.',
  unbalance:
    'Look for deposits, wear or lost weights on the rotor, then balance it; compare the phase in two directions first.',
  misalignment:
    'Check alignment and coupling at operating temperature, then soft feet and pipe strain.',
  looseness: 'Check foundation bolts, feet and housing fits, and the clearance of the bearings.',
  lubrication:
    'Check the amount and kind of lubricant, relubricate, and measure again within a day.',
  none: 'Nothing to do; go on measuring.',
  not_determined:
    'Measure again at steady speed, longer and at a higher rate if it can be done, with the speed recorded; compare with earlier measurements of the same point.',
};
