/** The files of the benchmark that the scores below are of, in their order. */
const FILES: readonly string[] = [
  'artificialNoAnomaly/art_daily_no_noise',
  'artificialNoAnomaly/art_daily_perfect_square_wave',
  'artificialNoAnomaly/art_daily_small_noise',
  'artificialNoAnomaly/art_flatline',
  'artificialNoAnomaly/art_noisy',
  'artificialWithAnomaly/art_daily_flatmiddle',
  'artificialWithAnomaly/art_daily_jumpsdown',
  'artificialWithAnomaly/art_daily_jumpsup',
  'artificialWithAnomaly/art_daily_nojump',
  'artificialWithAnomaly/art_increase_spike_density',
  'artificialWithAnomaly/art_load_balancer_spikes',
  'realKnownCause/ambient_temperature_system_failure',
  'realKnownCause/cpu_utilization_asg_misconfiguration',
  'realKnownCause/ec2_request_latency_system_failure',
  'realKnownCause/machine_temperature_system_failure',
  'realKnownCause/nyc_taxi',
  'realKnownCause/rogue_agent_key_hold',
  'realKnownCause/rogue_agent_key_updown',
];

/**
 * What published systems score in each file, standard profile, raw, rounded to four digits: `results/<system>/…_standard_scores.csv`
 * of numenta/NAB. Their sums over all 58 files give the scores of its README. Each has the threshold that is best for it on all 58.
 */
const SCORES: Readonly<Record<string, readonly number[]>> = {
  ARTime: [
    -0.11, 0, 0, 0, 0, 0.804, 0.9935, 0.8589, -1.11, 0.846, 0.0494, 1.6577, -0.2575, 1.3906, 2.5563,
    3.7752, -1.2809, -2.5677,
  ],
  'Numenta HTM': [
    -0.22, 0, -0.22, 0, 0, 0.5, 0.7489, 0.8607, -1.2784, 0.8607, 0.7348, -0.7586, -0.2557, 1.7059,
    1.3601, 2.4357, -1.1137, -1.2958,
  ],
  'Relative Entropy': [
    0, 0, -0.55, 0, -0.22, 0.886, 0.6017, 0.8607, -1.33, -1, 0.7794, -1.3998, 0.4242, 2.0359,
    -0.9161, 3.8334, -1.5158, -2.4877,
  ],
  'KNN-CAD': [
    -0.11, 0, -0.44, 0, -0.22, 0.6181, -1.4394, 0.6407, -1.3294, 0.5328, 0.4082, -0.7676, -1.106,
    1.9259, -2.8564, 0.2651, 0.3005, 0.43,
  ],
  'Random Cut Forest': [
    0, 0, 0, 0, 0, -1, -1, 0.8607, -1, -1, -1, 1.7622, 0.6664, 1.8463, -2.1186, -3.1846, -1.5274,
    -0.0742,
  ],
  'earthgecko Skyline': [
    0, 0, 0, 0, 0, -1, -1, 0.8441, -1, 0.8607, 0.1205, 1.7311, 0.0607, 0.0969, 1.3999, -5, -2.33,
    -2.4483,
  ],
  'windowed Gaussian': [
    0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -0.6924, -2, -1.11, 2.0215, -4, -5, -2.44, -1.3965,
  ],
};

/** The published raw score of each system in a file; undefined for a file that is not among those. */
export function publishedScores(name: string): Readonly<Record<string, number>> | undefined {
  const at = FILES.indexOf(name);
  if (at < 0) return undefined;
  const entries = Object.entries(SCORES).map(([system, scores]) => [system, scores[at] ?? 0]);
  return Object.fromEntries(entries);
}
